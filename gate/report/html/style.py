"""The page's style sheet: light, dark and paper; every outcome is told by a word too."""

from __future__ import annotations

from gate.report.account import ORDER

BASE = """
:root{color-scheme:light dark;--ground:#f5f6f8;--card:#fff;--line:#dcdfe5;--text:#1b1f27;
--muted:#566072;--link:#0b57a4;--code:#eef0f4;--pass:#17692f;--fail:#b3231b;--inconclusive:#6433b8;
--warn:#855600;--waived:#0b6576;--on:#fff}
@media screen and (prefers-color-scheme:dark){:root{--ground:#12151b;--card:#1a1f28;--line:#313947;
--text:#e7eaf0;--muted:#a3adbd;--link:#86b9ff;--code:#252c38;--pass:#6fd08c;--fail:#ff938a;
--inconclusive:#c9b0ff;--warn:#f2bf5b;--waived:#74cfe2;--on:#12151b}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,sans-serif;
overflow-wrap:anywhere}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
code,.ids{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.87em}
.wide,main,footer{max-width:70rem;margin:0 auto;padding:0 1.25rem}
.unseen{position:absolute;opacity:0;pointer-events:none}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--card);
padding:.5rem 1rem;z-index:1}
.muted{color:var(--muted);font-weight:400}
h2{font-size:1.15rem;margin:2rem 0 .75rem}h3{font-size:1rem;margin:0 0 .5rem}
.banner{color:#fff;padding:1.75rem 0 1.5rem}
.banner.promote{background:#14632c}.banner.blocked{background:#a01c15}
.banner.inconclusive,.banner.partial,.banner.interrupted,.banner.replayed{background:#55309b}
.banner h1{font-size:2.6rem;line-height:1.1;letter-spacing:.02em;margin:.1rem 0 .25rem}
.banner p{margin:0}.system{font-size:.95rem}.advice{font-size:1.1rem}.advice::first-letter{
text-transform:uppercase}
.counts{list-style:none;display:flex;flex-wrap:wrap;gap:.5rem;margin:1rem 0 0;padding:0}
.counts li{background:rgba(0,0,0,.28);border-radius:999px;padding:.15rem .8rem;font-size:.9rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(19rem,100%),1fr));
gap:.35rem 2rem;margin:0;padding-top:1rem;padding-bottom:.25rem}
.contents{padding:.5rem 0 0;line-height:1.9}
.facts div{display:flex;gap:.75rem;align-items:baseline}
.facts dt{color:var(--muted);font-size:.85rem;min-width:5rem}
.facts dd{margin:0;overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;
padding:1rem 1.25rem;margin:1rem 0}
.card>h2:first-child{margin-top:0}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere;
min-width:6.5rem;max-width:34rem}td:first-child,th:first-child{min-width:9.5rem}
thead th{color:var(--muted);font-size:.85rem;font-weight:600}
tbody th{font-weight:500}tbody tr:last-child>*{border-bottom:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.overview tr>*:first-child{width:9rem}.overview .number{width:6rem}
.bar{width:45%;padding:0 1.25rem}.bar svg{display:block;width:100%;height:.6rem;margin-top:.5rem}
.bar rect{fill:var(--pass)}.bar .fail{fill:var(--fail)}.bar .inconclusive{
fill:var(--inconclusive)}.bar .warn{fill:var(--warn)}.bar .waived{fill:var(--waived)}
.overview td:last-child{min-width:9rem;overflow-wrap:normal}.overview span{font-weight:600}
.badge{display:inline-block;border:1px solid currentColor;border-radius:5px;padding:0 .45rem;
font-size:.74rem;font-weight:700;letter-spacing:.03em;line-height:1.55;white-space:nowrap}
span.pass,label.pass{color:var(--pass)}span.fail,label.fail{color:var(--fail)}
span.inconclusive,label.inconclusive{color:var(--inconclusive)}
span.warn,label.warn{color:var(--warn)}span.waived,label.waived{color:var(--waived)}
.box{background:var(--card);border:1px solid var(--line);border-left:5px solid var(--fail);
border-radius:8px;padding:.75rem 1.1rem;margin:.6rem 0}
.box.inconclusive{border-left-color:var(--inconclusive)}.box p{margin:.25rem 0;
overflow-wrap:anywhere}.box .badge{margin-right:.35rem}
.ids{color:var(--muted);line-height:1.7}
.ids a,.plain a,.why a,.contents a,.more a,.follows a{text-decoration:underline}
.box h3{font-size:1.02rem}.box h3 a{font-family:ui-monospace,"DejaVu Sans Mono",monospace;
font-size:.9em;text-decoration:underline}.box h3 .title{font-weight:400}
.box.warn{border-left-color:var(--warn)}.box.waived{border-left-color:var(--waived)}
.why{font-weight:600}.box code{background:var(--code);border-radius:4px;padding:.05rem .3rem}
.plain{list-style:none;margin:.25rem 0;padding:0}.plain li{padding:.15rem 0}
.follows{margin:.4rem 0 0}.follows ul{list-style:none;margin:.25rem 0 0;padding:0 0 0 .25rem}
.follows li{padding:.12rem 0}summary{cursor:pointer}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(15rem,100%),1fr));
gap:.4rem .75rem;margin:.4rem 0}.beside>div{border:1px solid var(--line);border-radius:6px;
padding:.3rem .6rem}.beside dt{color:var(--muted);font-size:.8rem}.beside dd{margin:0;
white-space:pre-wrap}.fail .beside .seen{
border-color:var(--fail)}
.evidence{margin:.35rem 0}.evidence summary{font-weight:400;color:var(--link)}
.evidence pre{background:var(--code);border-radius:6px;padding:.6rem .8rem;margin:.3rem 0;
max-height:26rem;overflow:auto;font-size:.82rem;white-space:pre-wrap}
.more{margin:.35rem 0 0}
.strip{list-style:none;display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 .9rem;padding:0}
.strip li{flex:1 1 13rem;border:1px solid var(--line);border-top:4px solid var(--muted);
border-radius:8px;padding:.4rem .7rem}.strip li>span{display:block;font-size:.85rem}
.strip .word{display:inline!important;font-weight:700;font-size:1rem!important}
.strip .promote{border-top-color:var(--pass)}.strip .promote .word{color:var(--pass)}
.strip .blocked{border-top-color:var(--fail)}.strip .blocked .word{color:var(--fail)}
.strip .inconclusive,.strip .partial,.strip .interrupted,.strip .replayed{
border-top-color:var(--inconclusive)}
.picture{display:block;min-width:52rem;max-width:100%;height:auto}
.picture text{font:12px system-ui,sans-serif}
.note{font-size:.85rem;margin:.35rem 0}figure{margin:1rem 0}figcaption p{margin:0 0 .5rem}
.scrub label{font-weight:600;margin-right:.75rem}.scrub input{width:min(32rem,100%);height:2rem;
vertical-align:middle;accent-color:var(--link)}.scrub p{margin:.25rem 0}.scrub output{
font-weight:600}#meanwhile{min-height:1.5em}#story .picture{cursor:pointer}
#events tr{cursor:pointer}#events .now{background:var(--code)}#events .bad td:last-child{
color:var(--fail)}
.search{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;margin:0 0 .75rem}
.search label{font-weight:600}.search input{font:inherit;padding:.35rem .7rem;min-width:0;
flex:0 1 24rem;border:1px solid var(--muted);border-radius:8px;background:var(--card);
color:var(--text)}[hidden]{display:none!important}
.rows{display:grid;grid-template-columns:7rem 1fr;gap:.15rem 1rem;margin:.25rem 0 .1rem}
.rows dt{color:var(--muted);font-size:.9rem}.rows dd{margin:0;overflow-wrap:anywhere;
white-space:pre-wrap}.rows code,.item code{background:var(--code);border-radius:4px;
padding:.05rem .3rem}
.filters{display:flex;flex-wrap:wrap;gap:.5rem}
.filters label{border:1px solid var(--line);background:var(--card);border-radius:999px;
padding:.25rem .9rem;font-size:.85rem;font-weight:600;cursor:pointer}
.item{border-top:1px solid var(--line);padding:.35rem 0;content-visibility:auto;
contain-intrinsic-size:auto 2.3rem}
.item>summary{display:grid;grid-template-columns:8.4rem minmax(40%,1fr) minmax(0,1fr) auto;
gap:.75rem;align-items:baseline;cursor:pointer;list-style:none}.item .badge{justify-self:start}
.glance{color:var(--muted);font-size:.85rem;overflow:hidden;text-overflow:ellipsis;
white-space:nowrap}.item[open] .glance{visibility:hidden}
.item>summary code::after{content:" +";color:var(--muted)}
.item[open]>summary code::after{content:" \\2212"}
.item>summary::-webkit-details-marker{display:none}
.item>summary:hover .title{text-decoration:underline}
.item[open]>summary{font-weight:600}.item code{font-weight:400;color:var(--muted);
overflow-wrap:anywhere}.item .told,.item .evidence{
margin-left:9.15rem}.item .rows code{color:var(--text)}
.item:target{background:var(--code)}
.document table{width:auto;min-width:60%;margin:.5rem 0}.document th,.document td{
padding-right:1.5rem}.document hr{border:0;border-top:1px solid var(--line);margin:1.25rem 0}
.document h3{font-size:1.15rem}.document h4{font-size:1.02rem;margin:.75rem 0 .4rem}
.document h5{font-size:.95rem;margin:.75rem 0 .3rem}.document ul,.document ol{margin:.25rem 0;
padding-left:1.4rem}
footer{color:var(--muted);font-size:.85rem;padding-top:1rem;padding-bottom:2.5rem}
@media (max-width:700px){.item>summary{grid-template-columns:auto 1fr}.item>summary code{
grid-column:1/-1;justify-self:start}.glance{display:none}.item .told,.item .evidence{margin-left:0}
.rows{grid-template-columns:1fr}.bar,.overview thead th:nth-child(3){display:none}
.overview tr>*:first-child{width:auto}.overview .number{width:auto;min-width:4rem}
.banner h1{font-size:2rem}}
@media print{:root{font-size:11px;color-scheme:light}body{background:#fff;font-size:1rem}
.bar{width:35%}.filters,.skip,.search,.scrub,.contents,.more{display:none}
.scroll{overflow:visible}.picture{min-width:0}.item{content-visibility:visible}
.banner{-webkit-print-color-adjust:exact;print-color-adjust:exact}.card,.box{break-inside:auto}
.item,.box,tr{break-inside:avoid}h2,h3{break-after:avoid}}
"""
CHECKED = "border-color:currentColor;box-shadow:inset 0 0 0 1px currentColor"


def _filter(name: str) -> str:
    """Rules for one radio button: hide other items, and chapters without such an item."""
    button = f"#show-{name}"
    return (
        f"{button}:checked~.chapter:not(.has-{name}),"
        f"{button}:checked~.chapter .item:not(.{name}){{display:none}}"
        f'{button}:checked~.filters label[for="show-{name}"]{{{CHECKED}}}'
        f'{button}:focus-visible~.filters label[for="show-{name}"]{{outline:2px solid var(--link)}}'
    )


STYLE = (
    BASE
    + "".join(_filter(outcome.value.lower()) for outcome in ORDER)
    + f'#show-all:checked~.filters label[for="show-all"]{{{CHECKED}}}'
    + '#show-all:focus-visible~.filters label[for="show-all"]{outline:2px solid var(--link)}'
)
"""The whole style sheet."""
