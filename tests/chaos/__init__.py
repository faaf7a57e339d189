"""A campaign that does to the endpoint all that can happen to it, and counts what became of orders.

`make chaos` runs it. Several server processes share a journal and two OMSs; thousands of orders are
sent, repeated at once and later, while servers are killed at random and at each step of an order's
way, the OMSs fail in every way that their sandboxes know, configurations change between a crash and
the recovery, PostgreSQL is restarted and the disk is full. Then there is calm, in which everything
must be settled, and three books are compared: what was sent and how it was answered (`nacelle`),
the journal (`journal`), and what the OMSs hold and were asked (`oms`). `judge` is a pure function
of them.

| module | is |
|---|---|
| `plan` | what a run is made of |
| `orders` | what is sent |
| `nacelle` | who sends it, and remembers what came back |
| `server` | a server process that dies at a chosen step |
| `fleet` | the server processes, kept alive |
| `oms` | the OMSs' process, and what it says in the end |
| `unguarded` | the connectors as they would be for an OMS that takes every duplicate |
| `disk` | a disk for PostgreSQL that can be filled |
| `troubles` | what goes wrong, when |
| `faults` | the faults of the sandboxes, as the cards of a deck |
| `dealing` | chance that leaves nothing out |
| `journal` | the journal, as it stands in the end |
| `books` | what the three of them say, as values |
| `kinds` | what must never be, and what is excused, by name |
| `whereabouts` | where an order is, against where it should be |
| `conduct` | what was sent, when, and whether it was brought to an end |
| `words` | what was said of an order |
| `specimens` | books of one order, for the judge's tests |
| `judge` | all of that, for every order |
| `proof` | whether enough went wrong, and enough went well, to prove anything |
| `campaign` | one run, from the first process to the verdict |
| `report` | the table, and the whole story of an order that went wrong |
"""
