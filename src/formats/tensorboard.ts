/**
 * Writes and reads TensorBoard's events, as its event.proto and summary.proto define them
 * (https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto).
 */
import { concat } from "./pieces.ts";
import { bytesField, doubleField, fieldsOf, floatField, varintField } from "./protobuf.ts";
import { tfRecord, tfRecords } from "./tfrecord.ts";

/** Field numbers of an event. */
const eventFields = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 };
/** Field numbers of a summary value. */
const valueFields = { tag: 1, simpleValue: 2, image: 4, tensor: 8, metadata: 9 };

/** A value observed at a step. */
export type Observation =
  | { kind: "scalar"; tag: string; value: number }
  /** A PNG picture. */
  | { kind: "image"; tag: string; png: Uint8Array; width: number; height: number }
  /** Markdown. */
  | { kind: "text"; tag: string; text: string };

/** The record that every file starts with. */
export function versionRecord(seconds: number): Uint8Array<ArrayBuffer> {
  return tfRecord(concat([
    doubleField(eventFields.wallTime, seconds),
    bytesField(eventFields.fileVersion, "brain.Event:2"),
  ]));
}

/**
 * An observation at a step, as a record.
 *
 * @param seconds since 1970
 */
export function observationRecord(
  seconds: number,
  step: number,
  observations: readonly Observation[],
): Uint8Array<ArrayBuffer> {
  return tfRecord(concat([
    doubleField(eventFields.wallTime, seconds),
    varintField(eventFields.step, step),
    bytesField(eventFields.summary, observations.map((one) => bytesField(1, valueOf(one)))),
  ]));
}

function valueOf(observation: Observation): Uint8Array[] {
  const tag = bytesField(valueFields.tag, observation.tag);
  switch (observation.kind) {
    case "scalar":
      return [tag, floatField(valueFields.simpleValue, observation.value)];
    case "image":
      return [tag, bytesField(valueFields.image, imageOf(observation))];
    case "text":
      return [
        tag,
        bytesField(valueFields.tensor, textTensor(observation.text)),
        bytesField(valueFields.metadata, [bytesField(1, [bytesField(1, "text")])]),
      ];
    default:
      return observation satisfies never;
  }
}

function imageOf({ png, width, height }: Observation & { kind: "image" }): Uint8Array[] {
  const colours = 3;
  return [
    varintField(1, height),
    varintField(2, width),
    varintField(3, colours),
    bytesField(4, png),
  ];
}

/** A tensor that contains one string. */
function textTensor(text: string): Uint8Array[] {
  const string = 7; // DT_STRING
  const shape = [bytesField(2, [varintField(1, 1)])];
  return [varintField(1, string), bytesField(2, shape), bytesField(8, text)];
}

/** The last step in a file for each tag. */
export function lastSteps(file: Uint8Array): Map<string, number> {
  const last = new Map<string, number>();
  for (const record of tfRecords(file)) {
    let step = 0;
    const tags: string[] = [];
    for (const field of fieldsOf(record)) {
      if (field.number === eventFields.step && "value" in field) step = field.value;
      if (field.number === eventFields.summary && "bytes" in field) {
        tags.push(...tagsOf(field.bytes));
      }
    }
    for (const tag of tags) last.set(tag, Math.max(last.get(tag) ?? 0, step));
  }
  return last;
}

/** The tags of a summary's values. */
function tagsOf(summary: Uint8Array): string[] {
  return [...fieldsOf(summary)].flatMap((value) =>
    "bytes" in value
      ? [...fieldsOf(value.bytes)].flatMap((field) =>
        field.number === valueFields.tag && "bytes" in field
          ? [new TextDecoder().decode(field.bytes)]
          : []
      )
      : []
  );
}
