/** Queries of traces for tests and fuzzing: good ones, and wrong ones with a part of what is said about them. */

export const GOOD_TRACES: readonly string[] = [
  '',
  '{}',
  '{ service = "tax" && name =~ "GET.*" && duration > 200ms && status = error && span.http.route = "/x" }',
  '{ resource.service.name = "tax" || (.user.id != "5" && kind = server) }',
  '{ traceDuration >= 1.5s } # slow ones',
  '{ rootName = "GET /" && rootServiceName =~ "sh.p" }',
  '({ service = "a" } && { service = "b" }) || { statusMessage = "no rate" }',
  '{ .http.response.status_code >= 500 && .ok = true }',
  '{ status =~ "ok|unset" && kind != client }',
];

export const WRONG_TRACES: readonly (readonly [query: string, message: string])[] = [
  ['service = "tax"', '1:1: { is expected, not service'],
  ['{ service = "tax" ', '1:19: &&, || or } is expected, and the query ends'],
  ['{ service = "tax" } { }', '1:21: &&, || or the end is expected, not {'],
  ['{ servce = "tax" }', '1:3: there is no field servce: is service meant, or the attribute .servce?'],
  ['{ http.route = "/x" }', '1:3: there is no field http.route: write .http.route for an attribute'],
  ['{ duration > 200 }', '1:3: duration is compared with a duration such as 200ms'],
  ['{ status = failed }', '1:3: status is one of unset, ok, error, not "failed"'],
  ['{ kind = 3 }', '1:3: kind is compared with a text in quotes'],
  ['{ name > "a" }', '1:8: > compares with a number or a duration such as 200ms, not with a text'],
  ['{ name =~ "(" }', '1:8: "(" is not a regular expression'],
  ['{ name }', '1:8: =, !=, =~, !~, >, >=, < or <= is expected, not }'],
  ['{ "name" = "a" }', '1:3: a field such as service, duration or .http.route is expected, not "name"'],
  ['{ name = "a" && }', '1:17: a field such as service, duration or .http.route is expected, not }'],
  ['{\n  name = "a"\n  kind = server }', '3:3: &&, || or } is expected, not kind'],
  [`${'('.repeat(60)}{}`, 'it is nested deeper than 50'],
];
