import { expect, it } from "vitest";
import { ownedTwice } from "../../src/fleet/owned-twice.ts";

const claim = (fleet: string, schemas: readonly string[], database = "db:5432/app") => ({ fleet, database, schemas });

it("a schema is owned once", () => {
  expect(ownedTwice([claim("a", ["t_1", "t_2"]), claim("b", ["t_3"])])).toEqual([]);
});

it("schemas of one name in two databases are two schemas", () => {
  expect(ownedTwice([claim("a", ["t_1"]), claim("b", ["t_1"], "other:5432/app")])).toEqual([]);
});

it("what two fleets own is told for each pair of them", () => {
  expect(ownedTwice([claim("a", ["t_1", "t_2"]), claim("b", ["t_2", "t_1"]), claim("c", ["t_3", "t_1"])])).toEqual([
    { code: "owned-twice", fleets: ["a", "b"], schemas: ["t_2", "t_1"] },
    { code: "owned-twice", fleets: ["a", "c"], schemas: ["t_1"] },
  ]);
});
