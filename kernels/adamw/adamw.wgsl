// One AdamW step for one element. rates: decay, step size, correction. const BETA1, BETA2, EPSILON.

struct Moments {
  parameter: f32,
  mean: f32,
  square: f32,
}

fn step(old: Moments, gradient: f32) -> Moments {
  let mean = old.mean + (1.0 - BETA1) * (gradient - old.mean);
  let square = BETA2 * old.square + (1.0 - BETA2) * gradient * gradient;
  let parameter = rates[0] * old.parameter - rates[1] * mean / (sqrt(square) / rates[2] + EPSILON);
  return Moments(parameter, mean, square);
}
