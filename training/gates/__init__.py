"""Gates: what a model must pass before a person may put it into service.

Each gate has a code that never changes its meaning, a file and a test file of its own:

TRG001  what was learnt from and what is measured on overlap in time or group
TRG002  leakage suspect: one feature alone explains almost everything
TRG003  labels that have not matured
TRG004  what becomes known later changes a feature
TRG005  worse than the best simple rule or the class shares
TRG006  worse than the champion
TRG007  probabilities that do not mean what they say
TRG008  sets and intervals that cover less often than stated
TRG009  too slow or too big
TRG010  unstable under another order of rows or another seed
TRG011  the asks of now are unlike those that were learnt from
TRG012  golden rows that do not reproduce in a process of their own
TRG013  too few events to learn from or to measure on

A verdict is pass, fail or not applicable. Not applicable says that nothing was tried, and is
never a pass. Where a gate asks the same of many sites and classes, the answers are corrected
for their number (Holm 1979), so that a sound model is not refused by luck.
"""
