"use strict";
// The OpenAPI description as a page, from the description itself.

const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

function typeOf(schema) {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items || {})}`;
  const ends = [["minimum", "from"], ["exclusiveMinimum", "above"], ["maximum", "to"], ["exclusiveMaximum", "below"]];
  return [schema.type || "any", ...ends.filter(([key]) => key in schema).map(([key, word]) => `${word} ${schema[key]}`)].join(" ");
}

function fields(schema) {
  const list = make("ul", "");
  for (const [name, field] of Object.entries(schema.properties || {})) {
    const must = (schema.required || []).includes(name) ? "" : `, ${JSON.stringify(field.default ?? null)} if not given`;
    list.append(make("li", `${name}: ${typeOf(field)}${must}`));
  }
  return list;
}

function operation(address, verb, about, schemas) {
  const section = document.createElement("section");
  section.append(make("h2", `${verb.toUpperCase()} ${address}`), make("p", about.summary || ""));
  const body = about.requestBody && about.requestBody.content["application/json"].schema.$ref;
  if (body) section.append(fields(schemas[body.split("/").pop()]));
  return section;
}

fetch("/openapi.json").then((answer) => answer.json()).then((api) => {
  const schemas = (api.components || {}).schemas || {};
  for (const [address, verbs] of Object.entries(api.paths)) {
    for (const [verb, about] of Object.entries(verbs)) document.getElementById("operations").append(operation(address, verb, about, schemas));
  }
});
