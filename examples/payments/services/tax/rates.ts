/** Value added tax in 2026 of the 27 countries of the European Union, the United Kingdom and Switzerland: country,
 * standard rate, reduced rates, rate of printed books, in percent.
 *
 * The standard and reduced rates of the EU were compared with the table that Eurofiscalis published on 2026-02-02
 * (which leaves out CY 3 and MT 12); those of GB and CH, and the rates of books, are from general knowledge and were
 * not checked against the authorities (Taxes in Europe Database, HMRC, Swiss Federal Tax Administration).
 * Latest changes: FI 25.5 since 2024-09-01 and 13.5 (was 14) since
 * 2026-01-01; SK 23, 19 and 5 since 2025-01-01; EE 24 since 2025-07-01; RO 21 and 11 since 2025-08-01; LT 12 (was 9)
 * and books 5 since 2026-01-01; CZ books 0 since 2024-01-01. Greece is GR as in ISO 3166, not EL as in tax numbers. */
import type { Goods } from './contract.ts';

const TABLE = `
AT 20    10,13       10
BE 21    6,12        6
BG 20    9           9
CH 8.1   2.6,3.8     2.6
CY 19    3,5,9       3
CZ 21    12          0
DE 19    7           7
DK 25    -           25
EE 24    9,13        9
ES 21    4,10        4
FI 25.5  10,13.5     13.5
FR 20    2.1,5.5,10  5.5
GB 20    5           0
GR 24    6,13        6
HR 25    5,13        5
HU 27    5,18        5
IE 23    4.8,9,13.5  0
IT 22    4,5,10      4
LT 21    5,12        5
LU 17    3,8,14      3
LV 21    5,12        5
MT 18    5,7,12      5
NL 21    9           9
PL 23    5,8         5
PT 23    6,13        6
RO 21    11          11
SE 25    6,12        6
SI 22    5,9.5       5
SK 23    5,19        5
`;

export type Rates = Readonly<Record<Goods, string>> & { readonly reduced: readonly string[] };

/** By country, each rate as a decimal in percent. */
export const rates: ReadonlyMap<string, Rates> = new Map(
  TABLE.trim()
    .split('\n')
    .map((line) => {
      const [country = '', general = '', reduced = '', books = ''] = line.split(/ +/);
      return [country, { general, books, reduced: reduced === '-' ? [] : reduced.split(',') }];
    }),
);
