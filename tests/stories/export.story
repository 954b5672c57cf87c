# EXP-1 to EXP-13, export.cleared, .refused and .revoked. Default policy: two checkers, cell 10, settle 60 s, skew 300 s,
# 7 days to decide, clearances hold 30 days. The permit goes to acme and lets model, statistics, table, figure, report and
# update out; acme/researcher and acme/analyst work on the project.

story         an export is checked by two others and cleared
output        o1 table cell=12 rows=100
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0 +60s    tick
day 1         acme export.requested e1 outputs=o1
day 1         hanbit export.checked acme/e1 outputs=o1 by=kim
day 1 +60s    tick
day 1 +1h     coord export.checked acme/e1 outputs=o1 by=lee
day 1 +1h     tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 1 +2h     tick
day 1 +3h     hanbit data.exported acme/e1 outputs=o1
day 1 +3h     tick
day 9         tick

story         EXP-1 left without a clearance
rule          EXP-1 fires
output        o1 figure cell=12
day 1         hanbit data.exported acme/e9 outputs=o1
day 1 +60s    tick
day 1 +61s    tick
expect        EXP-1 acme/e9 by #1

story         EXP-1 a revoked clearance, and an output that was not named
rule          EXP-1 near
output        o1 table cell=12
output        o2 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1,o2 trigger=#3
day 0 +60s    tick
day 1         acme export.requested e1 outputs=o1
day 1         hanbit export.checked acme/e1 outputs=o1 by=kim
day 1         coord export.checked acme/e1 outputs=o1 by=lee
day 1 +60s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 1 +2h     tick
day 1 +3h     hanbit data.exported acme/e1 outputs=o1,o2
day 1 +3h     tick
expect        EXP-1 e1 by #8
day 2         coord export.revoked acme/e1
day 2 +60s    tick
day 2 +2m     saebom data.exported acme/e1 outputs=o1
day 2 +10m    tick

story         EXP-1 a stranger revokes nothing, and a site whose data left does
rule          EXP-1 edge
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0 +60s    tick
day 1         acme export.requested e1 outputs=o1
day 1         hanbit export.checked acme/e1 outputs=o1 by=kim
day 1         coord export.checked acme/e1 outputs=o1 by=lee
day 1 +60s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 1 +2h     tick
day 2         saebom export.revoked acme/e1
day 2 +60s    tick
day 2 +2m     hanbit data.exported acme/e1 outputs=o1
day 2 +10m    tick
day 3         hanbit export.revoked acme/e1
day 3 +60s    tick
day 3 +2m     hanbit data.exported acme/e1 outputs=o1
day 3 +10m    tick
expect        EXP-1 e1 by #11

story         EXP-1 nobody requests an export under another's id
rule          EXP-1 near
output        o1 table cell=12
output        o2 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1,o2 trigger=#3
day 0 +60s    tick
day 1         acme export.requested e1 outputs=o1
day 1 +1h     saebom export.requested acme/e1 outputs=o2
day 1 +2h     hanbit export.checked acme/e1 outputs=o1 by=kim
day 1 +2h     coord export.checked acme/e1 outputs=o1 by=lee
day 1 +3h     tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit

story         EXP-1 a clearance counts from its own time, within the clocks' skew; a revocation from its tick
rule          EXP-1 edge
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0 +60s    tick
day 1         acme export.requested e1 outputs=o1
day 1         acme export.requested e2 outputs=o1
day 1         coord export.checked acme/e1 outputs=o1 by=kim
day 1         coord export.checked acme/e1 outputs=o1 by=lee
day 1         coord export.checked acme/e2 outputs=o1 by=kim
day 1         coord export.checked acme/e2 outputs=o1 by=lee
day 1 +1h     tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
expect        export.cleared e2 checked in acme
expect        export.cleared e2 checked in hanbit
day 1 +2h     hanbit data.exported acme/e1 outputs=o1 at=day1+3300s
day 1 +2h     hanbit data.exported acme/e2 outputs=o1 at=day1+3299s
day 1 +2h     tick
expect        EXP-1 e2 by #12

story         EXP-2 another content leaves than was cleared
rule          EXP-2 fires
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +60s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1@2
day 1         tick
expect        EXP-2 o1 by #8

story         EXP-2 what was cleared leaves, twice
rule          EXP-2 near
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +60s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1
day 1         hanbit data.exported acme/e1 outputs=o1
day 1         tick

story         EXP-2 of two outputs the one that differs
rule          EXP-2 edge
policy        site_consent false
output        o1 table cell=12
output        o2 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1,o2 trigger=#3
day 0         acme export.requested e1 outputs=o1,o2
day 0         coord export.checked acme/e1 outputs=o1,o2 by=kim
day 0         coord export.checked acme/e1 outputs=o1,o2 by=lee
day 0 +60s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1,o2@2
day 1         tick
expect        EXP-2 o2 by #8

story         EXP-3 a kind that nobody permits is refused, and leaves all the same
rule          EXP-3 fires
policy        site_consent false
output        o1 records cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +60s    tick
day 0 +61s    tick
expect        export.refused e1 EXP-3 in acme
expect        export.refused e1 EXP-3 in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1
day 1         tick
expect        EXP-3 o1 by #8
day 1 +61s    tick
expect        EXP-1 e1 by #8

story         EXP-3 a kind that policy and permit name
rule          EXP-3 near
policy        site_consent false
policy        cell_kinds []
output        o1 code
policy        output_kinds ["code"]
day 0         coord permit.amended permit1 outputs=code
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#4
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +60s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit

story         EXP-3 a kind that the policy names, and this permit does not
rule          EXP-3 edge
policy        site_consent false
output        o1 figure cell=12
day 0         coord permit.amended permit1 outputs=table,model
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#4
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.refused e1 EXP-3 in acme
expect        export.refused e1 EXP-3 in hanbit

story         EXP-4 rejected, and left
rule          EXP-4 fires
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim decision=reject
day 0 +61s    tick
expect        export.refused e1 EXP-4 in acme
expect        export.refused e1 EXP-4 in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1
day 1 +61s    tick
expect        EXP-1 e1 by #7
expect        EXP-4 e1 by #7

story         EXP-4 two others accept; `changes` leaves it waiting
rule          EXP-4 near
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim decision=changes
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
day 1         coord export.checked acme/e1 outputs=o1 by=kim
day 1         tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit

story         EXP-4 the same person twice is one; other digests are none; one of the project's makes it refused
rule          EXP-4 edge
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0 +60s    coord export.checked acme/e1 outputs=o1 by=kim
day 0 +60s    coord export.checked acme/e1 outputs=o1@2 by=park
day 0 +60s    coord export.checked acme/e1 outputs=o1 by=acme/analyst
day 0 +2h     tick
day 0 +3h     coord export.checked acme/e1 outputs=o1 by=lee
day 0 +4h     tick
expect        export.refused e1 EXP-4 in acme
expect        export.refused e1 EXP-4 in hanbit

story         EXP-5 a small cell is refused, and leaves all the same
rule          EXP-5 fires
policy        site_consent false
output        o1 table cell=4
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.refused e1 EXP-5 in acme
expect        export.refused e1 EXP-5 in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1
day 1 +61s    tick
expect        EXP-1 e1 by #8
expect        EXP-5 o1 by #8

story         EXP-5 a model needs no cell; a table whose cell only the scan states
rule          EXP-5 near
policy        site_consent false
output        o1 model
output        o2 table
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1,o2 trigger=#3
day 0         acme export.requested e1 outputs=o1,o2
day 0         hanbit export.scanned acme/e1 results=o1:membership,o1:memorised,o2:cell:25,o2:dominance:8500,o2:p-ratio:1500
day 0         coord export.checked acme/e1 outputs=o1,o2 by=kim
day 0         coord export.checked acme/e1 outputs=o1,o2 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit

story         EXP-5 exactly the smallest cell, dominance and p-ratio that are allowed, and one beyond each
rule          EXP-5 edge
policy        site_consent false
output        o1 table cell=10
output        o2 table cell=9
output        o3 table cell=10
output        o4 table cell=10
output        o5 table
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1,o2,o3,o4,o5 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         acme export.requested e2 outputs=o2
day 0         acme export.requested e3 outputs=o3
day 0         acme export.requested e4 outputs=o4
day 0         acme export.requested e5 outputs=o5
day 0         hanbit export.scanned acme/e1 results=o1:dominance:9000,o1:p-ratio:1000
day 0         hanbit export.scanned acme/e3 results=o3:dominance:9001
day 0         hanbit export.scanned acme/e4 results=o4:p-ratio:999
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0         coord export.checked acme/e2 outputs=o2 by=kim
day 0         coord export.checked acme/e2 outputs=o2 by=lee
day 0         coord export.checked acme/e3 outputs=o3 by=kim
day 0         coord export.checked acme/e3 outputs=o3 by=lee
day 0         coord export.checked acme/e4 outputs=o4 by=kim
day 0         coord export.checked acme/e4 outputs=o4 by=lee
day 0         coord export.checked acme/e5 outputs=o5 by=kim
day 0         coord export.checked acme/e5 outputs=o5 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
expect        export.refused e2 EXP-5 in acme
expect        export.refused e2 EXP-5 in hanbit
expect        export.refused e3 EXP-5 in acme
expect        export.refused e3 EXP-5 in hanbit
expect        export.refused e4 EXP-5 in acme
expect        export.refused e4 EXP-5 in hanbit
expect        export.refused e5 EXP-5 in acme
expect        export.refused e5 EXP-5 in hanbit

story         EXP-6 an output of no triggered analysis is refused, and leaves all the same
rule          EXP-6 fires
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#1
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.refused e1 EXP-6 in acme
expect        export.refused e1 EXP-6 in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1
day 1 +61s    tick
expect        EXP-1 e1 by #6
expect        EXP-6 hanbit/o1 by #6

story         EXP-6 combined from outputs of triggered analyses
rule          EXP-6 near
policy        site_consent false
output        o1 update cell=12
output        o2 update cell=12
output        o3 model
day 0         hanbit dataset.pseudonymized d1
day 0         saebom dataset.pseudonymized d2
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=hanbit/d1
day 0         saebom analysis.triggered a2 dataset=saebom/d2
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#4
day 0         saebom analysis.completed a2 outputs=o2 trigger=#5
day 0         plat computation.combined acme/c1 inputs=a1:o1,a2:o2 outputs=o3
day 0         acme export.requested e1 outputs=o3
day 0         plat export.scanned acme/e1 results=o3:membership,o3:memorised
day 0         coord export.checked acme/e1 outputs=o3 by=kim
day 0         coord export.checked acme/e1 outputs=o3 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
expect        export.cleared e1 checked in plat
expect        export.cleared e1 checked in saebom

story         EXP-6 another digest, another permit, a recalled trigger; an analysis that completes while it settles
rule          EXP-6 edge
policy        site_consent false
output        o1 table cell=12
output        o2 table cell=12
output        o3 table cell=12
output        o4 table cell=12
day 0         coord permit.issued permit2
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         acme computation.requested c2 dataset=hanbit/d1 permit=coord/permit2
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.triggered a2 dataset=d1 computation=c2
day 0         hanbit analysis.triggered a3 dataset=d1
day 0         hanbit analysis.triggered a4 dataset=d1
day 0         hanbit analysis.recalled a3 trigger=#7
day 0 +60s    tick
day 0 +61s    hanbit analysis.completed a1 outputs=o1@2 trigger=#5
day 0 +61s    hanbit analysis.completed a2 outputs=o2 trigger=#6
day 0 +61s    hanbit analysis.completed a3 outputs=o3 trigger=#7
day 0 +61s    acme export.requested e1 outputs=o1
day 0 +61s    acme export.requested e2 outputs=o2
day 0 +61s    acme export.requested e3 outputs=o3
day 0 +61s    acme export.requested e4 outputs=o4
day 0 +61s    coord export.checked acme/e1 outputs=o1 by=kim
day 0 +61s    coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    coord export.checked acme/e2 outputs=o2 by=kim
day 0 +61s    coord export.checked acme/e2 outputs=o2 by=lee
day 0 +61s    coord export.checked acme/e3 outputs=o3 by=kim
day 0 +61s    coord export.checked acme/e3 outputs=o3 by=lee
day 0 +61s    coord export.checked acme/e4 outputs=o4 by=kim
day 0 +61s    coord export.checked acme/e4 outputs=o4 by=lee
day 0 +121s   tick
day 0 +121s   hanbit analysis.completed a4 outputs=o4 trigger=#8
day 0 +122s   tick
expect        export.cleared e4 checked in acme
expect        export.cleared e4 checked in hanbit
expect        export.refused e1 EXP-6 in acme
expect        export.refused e1 EXP-6 in hanbit
expect        export.refused e2 EXP-6 in acme
expect        export.refused e2 EXP-6 in hanbit
expect        export.refused e3 EXP-6 in acme
expect        export.refused e3 EXP-6 in hanbit

story         EXP-7 a destination that the permit does not name
rule          EXP-7 fires
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1 destination=plat
day 0         acme export.requested e2 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0         coord export.checked acme/e2 outputs=o1 by=kim
day 0         coord export.checked acme/e2 outputs=o1 by=lee
day 0 +61s    tick
expect        export.refused e1 EXP-7 in acme
expect        export.refused e1 EXP-7 in hanbit
expect        export.cleared e2 checked in acme
expect        export.cleared e2 checked in hanbit
day 1         hanbit data.exported acme/e2 outputs=o1 destination=plat
day 1         tick
expect        EXP-7 e2 by #11

story         EXP-7 an environment of a named destination
rule          EXP-7 near
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1 destination=acme/lab
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1 destination=acme/lab
day 1         tick

story         EXP-7 another country with a ground, and without
rule          EXP-7 edge
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1 country=DE justification=KR-28-8-CONTRACT
day 0         acme export.requested e2 outputs=o1 country=DE
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0         coord export.checked acme/e2 outputs=o1 by=kim
day 0         coord export.checked acme/e2 outputs=o1 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
expect        export.refused e2 EXP-7 in acme
expect        export.refused e2 EXP-7 in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1 country=DE ground=KR-28-8-CONTRACT
day 1         tick

story         EXP-8 a file that is too large
rule          EXP-8 fires
policy        site_consent false
output        o1 table cell=12 bytes=16777217
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.refused e1 EXP-8 in acme
expect        export.refused e1 EXP-8 in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1
day 1         tick
expect        EXP-8 o1 by #8
day 1 +61s    tick
expect        EXP-1 e1 by #8

story         EXP-8 a large model has a limit of its own
rule          EXP-8 near
policy        site_consent false
output        o1 model bytes=2000000000 rows=9000000
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         hanbit export.scanned acme/e1 results=o1:membership,o1:memorised
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit

story         EXP-8 exactly the largest, one row more, another format, malware
rule          EXP-8 edge
policy        site_consent false
output        o1 table cell=12 bytes=16777216 rows=5000
output        o2 table cell=12 rows=5001
output        o3 table cell=12 format=xlsx
output        o4 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1,o2,o3,o4 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         acme export.requested e2 outputs=o2,o3,o4
day 0         hanbit export.scanned acme/e2 results=o4:malware:failed
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0         coord export.checked acme/e2 outputs=o2,o3,o4 by=kim
day 0         coord export.checked acme/e2 outputs=o2,o3,o4 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
expect        export.refused e2 EXP-8 EXP-8 EXP-8 in acme
expect        export.refused e2 EXP-8 EXP-8 EXP-8 in hanbit

story         EXP-9 left after its clearance had run out
rule          EXP-9 fires
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1 expires=day90
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 1         tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 40        hanbit data.exported acme/e1 outputs=o1
day 40        tick
expect        EXP-9 e1 by #8

story         EXP-9 left in time, reported late
rule          EXP-9 near
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1 expires=day90
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 1         tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 31        tick
day 31 +20h   hanbit data.exported acme/e1 outputs=o1 at=day30+20h
day 31 +20h   tick

story         EXP-9 the last moment, within the skew
rule          EXP-9 edge
policy        site_consent false
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1 expires=day90
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         acme export.requested e2 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0         coord export.checked acme/e2 outputs=o1 by=kim
day 0         coord export.checked acme/e2 outputs=o1 by=lee
day 1         tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
expect        export.cleared e2 checked in acme
expect        export.cleared e2 checked in hanbit
day 31 +300s  hanbit data.exported acme/e1 outputs=o1
day 31 +301s  hanbit data.exported acme/e2 outputs=o1
day 31 +400s  tick
expect        EXP-9 e2 by #12

story         EXP-10 nobody decides
rule          EXP-10 fires
output        o1 table cell=12
day 0         acme export.requested e1 outputs=o1
day 0 +60s    tick
day 7 +60s    tick
day 7 +61s    tick
expect        EXP-10 e1 by #1
day 8         coord export.checked acme/e1 outputs=o1 by=kim decision=reject
day 8 +61s    tick
expect        export.refused e1 EXP-4 EXP-6 in acme
expect        resolved EXP-10 e1 done by #2

story         EXP-10 decided in time
rule          EXP-10 near
output        o1 table cell=12
day 0         acme export.requested e1 outputs=o1
day 0 +60s    tick
day 6         coord export.checked acme/e1 outputs=o1 by=kim decision=reject
day 6 +61s    tick
expect        export.refused e1 EXP-4 EXP-6 in acme
day 8         tick

story         EXP-10 rejected at the last moment, and one second later
rule          EXP-10 edge
output        o1 table cell=12
day 0         acme export.requested e1 outputs=o1
day 0         acme export.requested e2 outputs=o1
day 0 +60s    tick
day 7         coord export.checked acme/e1 outputs=o1 by=kim decision=reject
day 7 +1s     coord export.checked acme/e2 outputs=o1 by=kim decision=reject
day 7 +62s    tick
expect        export.refused e1 EXP-4 EXP-6 in acme
expect        export.refused e2 EXP-4 EXP-6 in acme
expect        EXP-10 e2 by #2
expect        resolved EXP-10 e2 done by #4

story         EXP-11 combined data without the committee
rule          EXP-11 fires
policy        site_consent false
output        o1 table cell=12
day 0         plat dataset.combined d5 from=hanbit/d1,saebom/d2
day 0         acme computation.requested c1 dataset=plat/d5
day 0         plat analysis.triggered a1 dataset=plat/d5
day 0         plat analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.refused e1 EXP-11 in acme
expect        export.refused e1 EXP-11 in hanbit
expect        export.refused e1 EXP-11 in plat
expect        export.refused e1 EXP-11 in saebom
day 1         plat data.exported acme/e1 outputs=o1
day 1 +61s    tick
expect        EXP-1 e1 by #8
expect        EXP-11 e1 by #8

story         EXP-11 with the committee's decision
rule          EXP-11 near
policy        site_consent false
output        o1 table cell=12
day 0         plat dataset.combined d5 from=hanbit/d1,saebom/d2
day 0         acme computation.requested c1 dataset=plat/d5
day 0         plat analysis.triggered a1 dataset=plat/d5
day 0         plat analysis.completed a1 outputs=o1 trigger=#3
day 0         coord review.decided r1 export=acme/e1
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
expect        export.cleared e1 checked in plat
expect        export.cleared e1 checked in saebom

story         EXP-11 two criteria of three, and a decision on another export
rule          EXP-11 edge
policy        site_consent false
output        o1 table cell=12
day 0         plat dataset.combined d5 from=hanbit/d1
day 0         acme computation.requested c1 dataset=plat/d5
day 0         plat analysis.triggered a1 dataset=plat/d5
day 0         plat analysis.completed a1 outputs=o1 trigger=#3
day 0         coord review.decided r1 export=acme/e1 not_identifying=false
day 0         coord review.decided r2 export=acme/e2
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.refused e1 EXP-11 in acme
expect        export.refused e1 EXP-11 in hanbit
expect        export.refused e1 EXP-11 in plat

story         EXP-12 a model that nobody tested
rule          EXP-12 fires
policy        site_consent false
output        o1 model
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.refused e1 EXP-12 in acme
expect        export.refused e1 EXP-12 in hanbit
day 1         hanbit data.exported acme/e1 outputs=o1
day 1 +61s    tick
expect        EXP-1 e1 by #8
expect        EXP-12 o1 by #8

story         EXP-12 tested, and a test that a checker waives
rule          EXP-12 near
policy        site_consent false
output        o1 model
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         hanbit export.scanned acme/e1 results=o1:membership,o1:memorised:failed
day 0         coord export.checked acme/e1 outputs=o1 by=kim waivers=o1:memorised
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit

story         EXP-12 the last test counts; one of two tests is not enough
rule          EXP-12 edge
policy        site_consent false
output        o1 model
output        o2 model
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1,o2 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         acme export.requested e2 outputs=o2
day 0         hanbit export.scanned acme/e1 results=o1:membership:failed,o1:memorised
day 0         hanbit export.scanned acme/e1 results=o1:membership
day 0         hanbit export.scanned acme/e2 results=o2:membership
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0         coord export.checked acme/e2 outputs=o2 by=kim
day 0         coord export.checked acme/e2 outputs=o2 by=lee
day 0 +61s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
expect        export.refused e2 EXP-12 in acme
expect        export.refused e2 EXP-12 in hanbit

story         EXP-13 it leaves though a site has not accepted
rule          EXP-13 fires
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
day 1         plat data.exported acme/e1 outputs=o1
day 1 +61s    tick
expect        EXP-1 e1 by #8
expect        EXP-13 o1 by #8

story         EXP-13 the site accepts last, and is a checker as well
rule          EXP-13 near
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
day 1         hanbit export.checked acme/e1 outputs=o1 by=choi
day 1         tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit

story         EXP-13 alone it leaves the export waiting; a site that rejects refuses it
rule          EXP-13 edge
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         coord export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +61s    tick
day 1         hanbit export.checked acme/e1 outputs=o1 by=choi decision=reject
day 1 +60s    tick
day 1 +61s    tick
expect        export.refused e1 EXP-4 EXP-13 in acme
expect        export.refused e1 EXP-4 EXP-13 in hanbit

story         an update of a triggered round to the registered aggregator clears itself
output        o1 update rows=100 bytes=67108864
output        o2 update rows=99
output        o3 update rows=100 bytes=67108865
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1 round=1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1,o2,o3 trigger=#3
day 0         hanbit export.requested e1 outputs=o1 destination=plat by=agent
day 0         hanbit export.requested e2 outputs=o2 destination=plat by=agent
day 0         hanbit export.requested e3 outputs=o3 destination=plat by=agent
day 0         hanbit export.requested e4 outputs=o1 destination=acme by=agent
day 0 +60s    tick
expect        export.cleared e1 automatic in hanbit
day 0 +10m    tick
day 0 +20m    hanbit data.exported e1 outputs=o1 destination=plat
day 0 +20m    tick

story         a clearance whose ground goes is recalled
output        o1 table cell=12
day 0         hanbit dataset.pseudonymized d1
day 0         acme computation.requested c1 dataset=hanbit/d1
day 0         hanbit analysis.triggered a1 dataset=d1
day 0         hanbit analysis.completed a1 outputs=o1 trigger=#3
day 0         acme export.requested e1 outputs=o1
day 0         hanbit export.checked acme/e1 outputs=o1 by=kim
day 0         coord export.checked acme/e1 outputs=o1 by=lee
day 0 +60s    tick
expect        export.cleared e1 checked in acme
expect        export.cleared e1 checked in hanbit
day 0 +2m     tick
day 1         hanbit entry.annulled #6
day 1 +60s    tick
expect        export.revoked e1 EXP-4 in acme
expect        export.revoked e1 EXP-4 in hanbit
day 1 +2m     tick
day 2         hanbit data.exported acme/e1 outputs=o1
day 2 +61s    tick
expect        EXP-1 e1 by #9
expect        EXP-4 e1 by #9
expect        EXP-13 o1 by #9
