# PUR-1 to PUR-10 and purge.verified. Default policy: grace 24 h, settle 60 s, skew 300 s, probe 48 h, ttl 180 days,
# identified 24 h, 5 days after a permit's end.

story         PUR-1 fires after the deadline, never on it
rule          PUR-1 edge
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0         hanbit dataset.pseudonymized d2 expires=day30
day 0 +60s    tick
day 31        hanbit dataset.purged d1
day 31        hanbit dataset.probed d1 result=absent
day 31 +60s   tick
day 31 +61s   tick
expect        purge.verified d1 same-institution
expect        PUR-1 d2 by #2

story         PUR-1 what a stranger writes about another's dataset decides nothing
rule          PUR-1 fires
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0 +60s    tick
day 1         saebom dataset.extended hanbit/d1 expires=day60
day 1         saebom dataset.held hanbit/d1
day 1         saebom dataset.pseudonymized hanbit/d1 expires=day2
day 1 +60s    tick
day 31 +60s   tick
day 31 +61s   tick
expect        PUR-1 d1 by #1

story         PUR-1 a copy that nobody purges, and is purged late
rule          PUR-1 fires
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0         hanbit dataset.copied d1 copy=c2 expires=day20
day 0 +60s    tick
day 21 +61s   tick
expect        PUR-1 c2 by #2
day 22        hanbit dataset.purged d1 copies=c2
day 22        hanbit dataset.probed d1 of=c2
day 22 +60s   tick
expect        PUR-2 d1 by #3
expect        resolved PUR-1 c2 done by #3
day 29        hanbit dataset.purged d1 copies=d1
day 29        hanbit dataset.probed d1
day 29 +60s   tick
expect        resolved PUR-2 d1 done by #5
day 29 +120s  tick
expect        purge.verified d1 same-institution

story         PUR-1 purged at the deadline exactly is in time, though the log came late
rule          PUR-1 near
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0 +60s    tick
day 31 +30s   hanbit dataset.purged d1 at=day31
day 31 +30s   saebom dataset.probed d1 of=hanbit/d1 at=day31
day 31 +61s   tick
expect        purge.verified d1 other-institution

story         PUR-1 late evidence resolves it as such
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0 +60s    tick
day 31 +61s   tick
expect        PUR-1 d1 by #1
day 31 +2h    hanbit dataset.purged d1 at=day30+5h
day 31 +2h    hanbit dataset.probed d1 at=day30+6h
day 31 +2h    tick
expect        resolved PUR-1 d1 late-evidence by #2
expect        purge.verified d1 same-institution

story         PUR-1 a late purge that shows before the settling is raised and resolved
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0 +60s    tick
day 31 +40s   hanbit dataset.purged d1
day 31 +40s   hanbit dataset.probed d1
day 31 +60s   tick
day 31 +61s   tick
expect        PUR-1 d1 by #1
expect        resolved PUR-1 d1 done by #2
day 31 +101s  tick
expect        purge.verified d1 same-institution

story         PUR-1 a permit's end comes first, by five days and the grace
day 0         coord permit.amended permit1 until=day20
day 0         hanbit dataset.pseudonymized d1 expires=day100
day 0 +60s    tick
day 26 +60s   tick
day 26 +61s   tick
expect        PUR-1 d1 by #1

story         PUR-1 a revocation counts from its tick
day 0         hanbit dataset.pseudonymized d1 expires=day100
day 0 +60s    tick
day 9         coord permit.revoked permit1
day 10        tick
day 16 +60s   tick
day 16 +61s   tick
expect        PUR-1 d1 by #2

story         PUR-1 not while it is held, and a release leaves the grace
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0 +60s    tick
day 10        coord dataset.held hanbit/d1
day 10 +60s   tick
day 40        tick
day 41        coord dataset.released hanbit/d1
day 42        tick
day 43 +60s   tick
day 43 +61s   tick
expect        PUR-1 hanbit/d1 by #3

story         PUR-1 an extension in time moves the deadline
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0 +60s    tick
day 20        hanbit dataset.extended d1 expires=day60
day 20 +60s   tick
day 60 +1h    tick
day 61 +61s   tick
expect        PUR-1 d1 by #2

story         PUR-1 waits while the hospital cannot be read
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0 +60s    tick
day 31 +2h    tick unreadable=hanbit
day 31 +3h    tick unreadable=hanbit
day 31 +4h    hanbit dataset.purged d1 at=day30+20h
day 31 +4h    hanbit dataset.probed d1 at=day30+21h
day 31 +4h    tick
expect        purge.verified d1 same-institution

story         PUR-1 an annulled purge opens the matter again
day 0         hanbit dataset.pseudonymized d1 expires=day30
day 0 +60s    tick
day 31 +61s   tick
expect        PUR-1 d1 by #1
day 32        hanbit dataset.purged d1
day 32 +60s   tick
expect        resolved PUR-1 d1 done by #2
day 33        hanbit entry.annulled #2
day 33 +60s   tick
expect        PUR-1 d1 by #3

story         PUR-2 a purge leaves out a copy
rule          PUR-2 fires
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.copied d1 copy=c2
day 0 +60s    tick
day 5         hanbit dataset.purged d1 copies=d1
day 5         hanbit dataset.probed d1
day 5 +60s    tick
expect        PUR-2 d1 by #3

story         PUR-2 a copy in another institution's environment is that one's to purge
rule          PUR-2 near
day 0         hanbit dataset.pseudonymized d1
day 0         plat dataset.copied hanbit/d1 copy=c2
day 0 +60s    tick
day 5         hanbit dataset.purged d1 copies=d1
day 5         hanbit dataset.probed d1
day 5 +60s    tick
day 6         tick

story         PUR-2 a copy made after the purge was not known to it; the purge of both in one tick is complete
rule          PUR-2 edge
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.copied d1 copy=c2
day 0 +60s    tick
day 5         hanbit dataset.purged d1 copies=d1
day 5 +10s    hanbit dataset.purged d1 copies=c2
day 5 +10s    hanbit dataset.probed d1
day 5 +10s    hanbit dataset.probed d1 of=c2
day 5 +60s    tick
day 5 +71s    tick
expect        purge.verified d1 same-institution

story         PUR-3 a probe finds what was purged
rule          PUR-3 fires
day 0         hanbit dataset.pseudonymized d1
day 0 +60s    tick
day 5         hanbit dataset.purged d1
day 5 +1h     hanbit dataset.probed d1 result=present
day 5 +1h     tick
expect        PUR-3 d1 by #3
day 6         hanbit dataset.purged d1
day 6 +1h     hanbit dataset.probed d1
day 6 +1h     tick
expect        resolved PUR-3 d1 done by #4
day 6 +2h     tick
expect        purge.verified d1 same-institution

story         PUR-3 a probe from before the purge contradicts nothing
rule          PUR-3 near
day 0         hanbit dataset.pseudonymized d1
day 0 +60s    tick
day 5         hanbit dataset.probed d1 result=present
day 5 +1h     hanbit dataset.purged d1
day 5 +2h     hanbit dataset.probed d1
day 5 +2h     tick
day 5 +3h     tick
expect        purge.verified d1 same-institution

story         PUR-3 within the clocks' skew it may have been before
rule          PUR-3 edge
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.pseudonymized d2
day 0 +60s    tick
day 5         hanbit dataset.purged d1
day 5         hanbit dataset.purged d2
day 5 +300s   hanbit dataset.probed d1 result=present
day 5 +301s   hanbit dataset.probed d2 result=present
day 5 +301s   tick
expect        PUR-3 d2 by #6

story         PUR-4 read after the purge of the last copy
rule          PUR-4 fires
day 0         hanbit dataset.pseudonymized d1
day 0 +60s    tick
day 5         hanbit dataset.purged d1
day 5         hanbit dataset.probed d1
day 5 +60s    tick
day 5 +61s    tick
expect        purge.verified d1 same-institution
day 6         acme dataset.accessed hanbit/d1
day 6 +60s    tick
expect        PUR-4 hanbit/d1 by #4
day 6 +1h     hanbit analysis.started a1 trigger=#4
day 6 +2h     acme dataset.accessed hanbit/d1
day 6 +3h     tick
day 6 +20h    tick
expect        updated PUR-4 hanbit/d1 count 3

story         PUR-4 refused accesses, the mapping and the deletion itself are no use
rule          PUR-4 near
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.copied d1 copy=c2
day 0 +60s    tick
day 5         hanbit dataset.purged d1 copies=d1,c2
day 5         hanbit dataset.probed d1
day 5         hanbit dataset.probed d1 of=c2
day 5 +60s    tick
day 5 +61s    tick
expect        purge.verified d1 same-institution
day 6         hanbit dataset.accessed d1 outcome=8
day 6         hanbit dataset.accessed d1 object=mapping
day 6         hanbit dataset.accessed d1 action=delete
day 6 +60s    tick

story         PUR-4 own times decide, and only beyond the skew
rule          PUR-4 edge
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.pseudonymized d2
day 0 +60s    tick
day 5 +300s   acme dataset.accessed hanbit/d1
day 5 +301s   acme dataset.accessed hanbit/d2
day 5 +400s   tick
day 5 +500s   hanbit dataset.purged d1 at=day5
day 5 +500s   hanbit dataset.purged d2 at=day5
day 5 +600s   tick
expect        PUR-4 hanbit/d2 by #4

story         PUR-4 a copy that shows late takes its ground
day 0         hanbit dataset.pseudonymized d1
day 0 +60s    tick
day 5         hanbit dataset.purged d1
day 5 +1h     hanbit dataset.accessed d1
day 5 +1h     tick
expect        PUR-4 d1 by #3
day 5 +2h     plat dataset.copied hanbit/d1 copy=c2 time=day4+23h
day 5 +3h     tick
expect        resolved PUR-4 d1 late-evidence by #4

story         PUR-5 another manifest was purged
rule          PUR-5 fires
day 0         hanbit dataset.pseudonymized d1 manifest=m1
day 0 +60s    tick
day 5         hanbit dataset.purged d1 manifest=m2
day 5         hanbit dataset.probed d1
day 5 +60s    tick
expect        PUR-5 d1 by #2
day 5 +120s   tick

story         PUR-5 the manifest that consent.applied left is the right one; its count is no longer known
rule          PUR-5 near
day 0         hanbit dataset.pseudonymized d1 manifest=m1 records=500
day 3         hanbit consent.applied d1 manifest=m2
day 3 +60s    tick
day 5         hanbit dataset.purged d1 manifest=m2 records=480
day 5         hanbit dataset.probed d1
day 5 +60s    tick
day 5 +61s    tick
expect        purge.verified d1 same-institution

story         PUR-5 one record less
rule          PUR-5 edge
day 0         hanbit dataset.pseudonymized d1 manifest=m1 records=500
day 0         hanbit dataset.pseudonymized d2 manifest=m1 records=500
day 3         hanbit consent.applied d1 manifest=m2 removed=20
day 3         hanbit consent.applied d2 manifest=m2 removed=20
day 3 +60s    tick
day 5         hanbit dataset.purged d1 manifest=m2 records=480
day 5         hanbit dataset.purged d2 manifest=m2 records=479
day 5 +60s    tick
expect        PUR-5 d2 by #6

story         PUR-5 is resolved by a purge that agrees, and by late evidence
day 0         hanbit dataset.pseudonymized d1 manifest=m1
day 0         hanbit dataset.pseudonymized d2 manifest=m1
day 0 +60s    tick
day 5         hanbit dataset.purged d1 manifest=m2
day 5         hanbit dataset.purged d2 manifest=m2
day 5 +60s    tick
expect        PUR-5 d1 by #3
expect        PUR-5 d2 by #4
day 5 +1h     hanbit dataset.purged d1 manifest=m1
day 5 +1h     hanbit consent.applied d2 manifest=m2 at=day4+20h
day 5 +2h     tick
expect        resolved PUR-5 d1 done by #5
expect        resolved PUR-5 d2 late-evidence by #6

story         PUR-6 nobody probes, then somebody does, late
rule          PUR-6 fires
day 0         hanbit dataset.pseudonymized d1
day 0 +60s    tick
day 5         hanbit dataset.purged d1
day 5 +60s    tick
day 7 +61s    tick
expect        PUR-6 d1 by #2
day 8         hanbit dataset.probed d1
day 8 +60s    tick
expect        resolved PUR-6 d1 done by #3
day 8 +61s    tick
expect        purge.verified d1 same-institution

story         PUR-6 a probe that could not reach it, and one of the purger's own, do not count
rule          PUR-6 near
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.pseudonymized d2
day 0         hanbit dataset.pseudonymized d3
day 0 +60s    tick
day 5         hanbit dataset.purged d1
day 5         hanbit dataset.purged d2
day 5         hanbit dataset.purged d3 key=prober
day 6         hanbit dataset.probed d1 result=unreachable
day 6         hanbit dataset.probed d2 key=agent
day 6         hanbit dataset.probed d3
day 6 +60s    tick
day 7 +61s    tick
expect        PUR-6 d1 by #4
expect        PUR-6 d2 by #5
expect        PUR-6 d3 by #6

story         PUR-6 a probe at the last moment
rule          PUR-6 edge
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.pseudonymized d2
day 0 +60s    tick
day 5         hanbit dataset.purged d1
day 5         hanbit dataset.purged d2
day 5 +60s    tick
day 7         hanbit dataset.probed d1
day 7 +1s     hanbit dataset.probed d2
day 7 +61s    tick
expect        PUR-6 d2 by #4
expect        resolved PUR-6 d2 done by #6
expect        purge.verified d1 same-institution
day 7 +62s    tick
expect        purge.verified d2 same-institution

story         PUR-7 a dataset is to live longer than its grant says
rule          PUR-7 fires
day 0         coord permit.amended permit1 ttl=60
day 0         hanbit dataset.pseudonymized d1 expires=day61
day 0 +60s    tick
expect        PUR-7 d1 by #2
day 1         hanbit dataset.extended d1 expires=day50
day 1 +60s    tick
expect        resolved PUR-7 d1 done by #3

story         PUR-7 where the grant says nothing the policy does
rule          PUR-7 near
day 0         hanbit dataset.pseudonymized d1 expires=day179
day 0 +60s    tick
day 100       hanbit dataset.extended d1 expires=day180
day 100 +60s  tick

story         PUR-7 counts from the first creation, and to the last moment
rule          PUR-7 edge
day 0         hanbit dataset.pseudonymized d1 expires=day180
day 0         hanbit dataset.pseudonymized d2 expires=day180+1s
day 0 +60s    tick
expect        PUR-7 d2 by #2
day 10        hanbit dataset.copied d1 copy=c2 expires=day181
day 10 +60s   tick
expect        PUR-7 d1 by #3

story         PUR-8 purged while a hold stands
rule          PUR-8 fires
day 0         hanbit dataset.pseudonymized d1
day 1         coord dataset.held hanbit/d1
day 1 +60s    tick
day 5         hanbit dataset.purged d1
day 5         hanbit dataset.probed d1
day 5 +60s    tick
expect        PUR-8 hanbit/d1 by #3
day 5 +61s    tick
expect        purge.verified hanbit/d1 same-institution
day 6         coord finding.closed PUR-8:hanbit/d1
day 6 +60s    tick

story         PUR-8 a hold that shows after the purge, and one that was released
rule          PUR-8 near
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.pseudonymized d2
day 1         coord dataset.held hanbit/d2
day 1 +60s    tick
day 3         coord dataset.released hanbit/d2
day 3 +60s    tick
day 5         hanbit dataset.purged d1
day 5         hanbit dataset.purged d2
day 5 +10s    coord dataset.held hanbit/d1
day 5 +60s    tick

story         PUR-8 a hold counts from its tick on
rule          PUR-8 edge
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.pseudonymized d2
day 1         coord dataset.held hanbit/d1
day 1         coord dataset.held hanbit/d2
day 1 +60s    tick
day 1 +90s    hanbit dataset.purged d1 at=day1+59s
day 1 +90s    hanbit dataset.purged d2 at=day1+60s
day 1 +120s   tick
expect        PUR-8 hanbit/d2 by #6

story         PUR-9 a purge of a dataset that was never announced
rule          PUR-9 fires
day 5         hanbit dataset.purged d9
day 5         saebom dataset.probed hanbit/d9
day 5 +60s    tick
day 5 +61s    tick
expect        PUR-9 d9 by #1

story         PUR-9 an analysis announces what it makes on the way
rule          PUR-9 near
day 4         hanbit dataset.pseudonymized d1
day 4         acme computation.requested c1
day 4         hanbit analysis.triggered a1
day 4 +60s    tick
day 5         hanbit analysis.completed a1 temporary=t1 trigger=#3
day 5         hanbit dataset.purged t1
day 5         hanbit dataset.probed t1
day 5 +60s    tick
day 5 +61s    tick
expect        purge.verified t1 same-institution

story         PUR-9 an announcement in the settling time comes in time; a later one resolves it
rule          PUR-9 edge
day 5         hanbit dataset.copied d8 copy=c8
day 5         hanbit dataset.copied d9 copy=c9
day 5 +30s    hanbit dataset.pseudonymized d8
day 5 +60s    tick
day 5 +61s    tick
expect        PUR-9 d9 by #2
day 5 +70s    hanbit dataset.pseudonymized d9 time=day4+20h
day 5 +90s    tick
expect        resolved PUR-9 d9 late-evidence by #4

story         PUR-10 used after it was identified
rule          PUR-10 fires
day 0         hanbit dataset.pseudonymized d1
day 0 +60s    tick
day 5         hanbit dataset.identified d1
day 5 +1h     hanbit dataset.accessed d1
day 5 +1h     tick
expect        PUR-10 d1 by #3
day 6 +61s    tick
expect        PUR-10 d1 by #2
day 6 +1h     hanbit dataset.purged d1
day 6 +1h     tick
expect        resolved PUR-10 d1 done by #4

story         PUR-10 stopped and purged in time
rule          PUR-10 near
day 0         hanbit dataset.pseudonymized d1
day 0 +60s    tick
day 4 +23h    hanbit dataset.accessed d1
day 5         hanbit dataset.identified d1
day 5 +60s    tick
day 5 +20h    hanbit dataset.purged d1
day 5 +20h    hanbit dataset.probed d1
day 5 +21h    tick
expect        purge.verified d1 same-institution
day 6 +1h     tick

story         PUR-10 a use within the skew, a purge at the last moment
rule          PUR-10 edge
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit dataset.pseudonymized d2
day 0 +60s    tick
day 5         hanbit dataset.identified d1
day 5         hanbit dataset.identified d2
day 5 +300s   hanbit dataset.accessed d1
day 5 +301s   hanbit dataset.accessed d2
day 5 +400s   tick
expect        PUR-10 d2 by #6
day 6         hanbit dataset.purged d1
day 6 +1s     hanbit dataset.purged d2
day 6 +61s    tick
expect        PUR-10 d2 by #4
expect        resolved PUR-10 d2 done by #8

story         an annulled access: a critical finding stays open, a medium one resolves
day 0         hanbit dataset.pseudonymized d1
day 0 +60s    tick
day 5         hanbit dataset.purged d1
day 5 +1h     hanbit dataset.accessed d1
day 5 +1h     hanbit dataset.copied d7 copy=c7
day 5 +2h     tick
expect        PUR-4 d1 by #3
expect        PUR-9 d7 by #4
day 5 +3h     hanbit entry.annulled #3
day 5 +3h     hanbit entry.annulled #4
day 5 +4h     tick
expect        resolved PUR-9 d7 annulled by #6
