-- SLFDT stays where EINDT moves as the buyer reschedules.
SELECT
    EBELN,
    EBELP,
    max(coalesce(day(SLFDT), day(EINDT))) AS wanted_on,
    sum(number(MENGE)) AS scheduled
FROM EKET
GROUP BY EBELN, EBELP
