import leven from "leven";

/** What a person may have meant by a name that is none of the known: the closest, where it is close enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = known.map((each) => ({ each, far: leven(each, name) })).toSorted((a, b) => a.far - b.far);
  return best !== undefined && best.far <= name.length / 2 ? best.each : undefined;
}
