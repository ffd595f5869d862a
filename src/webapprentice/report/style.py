"""The one style sheet of a report: light and dark, screen and print, wide and narrow. No font is fetched."""

CSS = """
:root{color-scheme:light dark;--paper:#f7f7f5;--card:#fff;--ink:#1c2330;--soft:#5d6675;--faint:#8b93a1;--line:#e3e5e9;
--base:#8d95a4;--improved:#1d63b8;--up:#1f7a5a;--down:#bd4f22;--upbg:#e3f2ec;--downbg:#f9e8df;--flatbg:#ebedf1;
--reward:#7d5fa6;--target:#d6276f;--code:#f3f4f6}
@media(prefers-color-scheme:dark){:root{--paper:#12151a;--card:#1a1e25;--ink:#dee3eb;--soft:#9aa4b4;--faint:#737d8d;
--line:#2b313b;--base:#848e9f;--improved:#6cb0f7;--up:#5bc59b;--down:#ef9168;--upbg:#16332a;--downbg:#3b241a;
--flatbg:#262b34;--reward:#b89be0;--target:#ff6aa5;--code:#14181e}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:32px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:18px;margin:40px 0 4px;letter-spacing:-.005em}
h3{font-size:14px;margin:20px 0 6px}
p{margin:4px 0 10px;max-width:78ch}
a{color:var(--improved);text-decoration:none}
a:hover{text-decoration:underline}
.soft,.note{color:var(--soft)}
.note{font-size:12.5px}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;margin:12px 0 0;padding:8px 0;border-top:1px solid var(--line);
border-bottom:1px solid var(--line);font-size:13px}
.lead{font-size:17px;line-height:1.45;margin:20px 0 14px;max-width:70ch}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:14px}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;min-width:0}
.card h3{margin:0 0 2px;color:var(--soft);font-weight:600}
.big{font-size:30px;line-height:1.25;font-weight:650;letter-spacing:-.02em}
.big .was{color:var(--base)}
.big .now{color:var(--improved)}
.big .arrow{color:var(--faint);font-weight:400;padding:0 .25em}
.chip{display:inline-block;border-radius:4px;padding:1px 7px;background:var(--flatbg);color:var(--soft);
font-size:12.5px;font-weight:600;white-space:nowrap}
.chip.up{background:var(--upbg);color:var(--up)}
.chip.down{background:var(--downbg);color:var(--down)}
.wrapchip{white-space:normal}
dl{display:grid;grid-template-columns:max-content 1fr;gap:1px 14px;margin:8px 0 0}
.card>dl:first-child{margin-top:0}
dl.paired{grid-template-columns:max-content 1fr max-content 1fr}
dt{color:var(--soft)}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
ul.care{margin:12px 0 0;padding-left:18px;color:var(--soft)}
ul.care li{margin:2px 0;max-width:90ch}
svg{display:block;overflow:visible}
svg text{fill:var(--soft);font-size:11px}
.grid{stroke:var(--line)}
.zero{stroke:var(--faint)}
.w{stroke-width:1.6;fill:none}
.base.w,.other.w,.no_filter.w{stroke:var(--base)}
.improved.w{stroke:var(--improved)}
.reward.w{stroke:var(--reward)}
circle.base,circle.other,circle.no_filter{fill:var(--card);stroke:var(--base);stroke-width:2}
circle.improved{fill:var(--improved);stroke:var(--card);stroke-width:1}
circle.reward{fill:var(--reward);stroke:var(--card);stroke-width:1}
.span.up{fill:var(--up);opacity:.16}
.span.down{fill:var(--down);opacity:.2}
.scroll{overflow-x:auto}
.tablecard{padding:4px 0 6px;overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{padding:4px 10px;text-align:left;vertical-align:middle;white-space:nowrap}
td.wide{white-space:normal;min-width:200px}
thead th{color:var(--soft);font-weight:600;font-size:12px;border-bottom:1px solid var(--line);vertical-align:bottom}
tbody tr+tr td,tbody tr+tr th{border-top:1px solid var(--line)}
tbody.group>tr:first-child th{padding-top:12px;font-weight:600}
tbody th{font-weight:500}
tr.main th,tr.main td{font-weight:650}
.num{text-align:right}
.ci{color:var(--soft);font-weight:400;font-size:12px}
.plotcell{min-width:130px;width:16%}
.swatch{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px;border:2px solid var(--base)}
.swatch.improved{background:var(--improved);border-color:var(--improved)}
.swatch.reward{background:var(--reward);border-color:var(--reward)}
.never{color:var(--reward)}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;font-size:12.5px;color:var(--soft);margin:6px 0 8px}
.tasks{padding:10px 16px}
.task{display:grid;column-gap:14px;align-items:center}
.task.t1{grid-template-columns:210px 1fr 78px}
.task.t2{grid-template-columns:210px 1fr 78px 1fr 78px}
.task.t3{grid-template-columns:180px 1fr 70px 1fr 70px 1fr 70px}
.task>span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:12.5px}
.task>.change{color:var(--soft);font-size:12px;text-align:right}
.task.heading{font-weight:600;margin-top:10px}
.task.heading>span{font-size:13px}
.task.axis{color:var(--soft)}
.task:not(.heading):not(.axis):hover{background:var(--code)}
.kept{fill:var(--improved);opacity:.85}
.gone{fill:var(--down);opacity:.45}
.rest{fill:var(--flatbg)}
.curve{stroke:var(--improved);fill:none;stroke-width:1.6;vector-effect:non-scaling-stroke}
.curve.check{stroke:var(--down);stroke-dasharray:4 3}
.chart{padding:8px 8px 24px 44px}
details.case{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:8px 0}
summary{cursor:pointer}
details.case>summary{padding:9px 14px;display:flex;flex-wrap:wrap;gap:3px 12px;align-items:baseline;
list-style-position:inside}
details.case>summary::before{content:"▸";color:var(--faint)}
details.case[open]>summary::before{content:"▾"}
details.case>summary::-webkit-details-marker{display:none}
details.case[open]>summary{border-bottom:1px solid var(--line)}
.goal{flex:1 1 300px;min-width:0;overflow-wrap:anywhere}
.taskname{font-weight:600}
.attempts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:0 20px;
padding:4px 14px 14px}
.attempt{min-width:0}
.attempt>h3{display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline;margin:10px 0 6px}
.step{border:1px solid var(--line);border-radius:6px;margin:8px 0;padding:8px 10px;break-inside:avoid}
.step h4{margin:0 0 6px;font-size:12.5px;color:var(--soft);font-weight:600;display:flex;gap:4px 12px;flex-wrap:wrap}
.seen{display:flex;gap:12px;align-items:flex-start;flex-wrap:wrap}
.read{flex:1 1 240px;min-width:0}
.which{display:none}
.shot{flex:0 1 auto;max-width:100%;border:1px solid var(--line);border-radius:3px;background:#fff;overflow:hidden}
.shot svg{overflow:hidden;max-width:100%;height:auto}
.halo{fill:none;stroke:#fff;stroke-width:4;opacity:.85}
.target{fill:none;stroke:var(--target);stroke-width:2}
.drag{stroke:var(--target);stroke-width:2;stroke-dasharray:4 2}
.spot{fill:var(--target)}
pre,code,.said{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px}
pre{margin:0;padding:7px 9px;background:var(--code);border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere;
max-height:19em;overflow:auto;line-height:1.45}
.facts{grid-template-columns:64px 1fr;gap:2px 10px;font-size:13px}
.bars{width:100%}
footer{color:var(--soft);font-size:12.5px;padding-top:28px;padding-bottom:40px}
@media(max-width:700px){main,header,footer{padding-left:12px;padding-right:12px}
.big{font-size:24px}.lead{font-size:15.5px}.card{padding:11px 12px}.tablecard{padding:2px 0}th,td{padding:4px 7px}
.plotcell{display:none}
.task.t1,.task.t2,.task.t3{grid-template-columns:1fr 112px;padding:2px 0}.which{display:inline}
td .ci{display:block}thead th{white-space:normal}.task.axis svg:nth-of-type(n+2),.task.axis span{display:none}
.task>.name{grid-column:1/-1}.task.heading .under{display:none}
.cards{grid-template-columns:1fr}.card>dl:first-child{margin-top:0}
dl.paired{grid-template-columns:max-content 1fr}}
@media print{:root{--paper:#fff}body{font-size:11px}nav{display:none}pre{max-height:none}
.card,details.case,.step{break-inside:avoid-page}h2{break-after:avoid}
details::details-content{content-visibility:visible;display:block}}
"""
