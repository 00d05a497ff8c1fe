/**
 * The style of the HTML report and the hash that its content security policy names: a test holds them together.
 * Light and dark by the reader's setting; readable at phone width; prints with everything open and in black on white.
 */

export const STYLE_HASH = 'sha256-l/+fwaWqVtoT6iyQlAhQyXdChBLgw3LGRbrquZTKf38='

export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2024;--soft:#5b6570;--line:#dfe3e8;--panel:#f6f7f9;--bad:#b42318;--badbg:#fdecea;--warn:#8a5a00;--warnbg:#fdf3dc;--good:#176f3d;--goodbg:#e6f4ea;--note:#175cb8;--notebg:#e8f0fb;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--ink:#e4e7ea;--soft:#98a2ad;--line:#2c3238;--panel:#1b1f24;--bad:#ff8f85;--badbg:#3a1b18;--warn:#f0be5c;--warnbg:#33270f;--good:#6ed08f;--goodbg:#14301e;--note:#8ab8ff;--notebg:#17263d}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:64rem;margin:0 auto;padding:2rem 1.25rem 4rem;overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.25;margin:.35rem 0 .75rem;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:1.2rem;margin:3rem 0 .25rem;font-weight:650}
h3{font-size:1.05rem;line-height:1.35;margin:0;font-weight:600;overflow-wrap:anywhere}
p{margin:.4rem 0}
.lead{color:var(--soft);margin:0 0 1rem}
code,pre,.mono{font-family:var(--mono);font-size:.86em}
code,.mono{overflow-wrap:anywhere}
a{color:var(--note)}
.brand{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;color:var(--soft);font-size:.9rem;border-bottom:1px solid var(--line);padding-bottom:.75rem;margin-bottom:1.75rem}
.brand strong{color:var(--ink);font-size:1rem;overflow-wrap:anywhere}
.grade{display:inline-block;font-weight:700;font-size:.8rem;letter-spacing:.08em;text-transform:uppercase;padding:.15rem .6rem;border-radius:.3rem}
.bad{color:var(--bad)}.warn{color:var(--warn)}.good{color:var(--good)}.note{color:var(--note)}.dim{color:var(--soft)}
.grade.bad,.pill.bad{background:var(--badbg)}.grade.warn,.pill.warn{background:var(--warnbg)}.grade.good,.pill.good{background:var(--goodbg)}.pill.note{background:var(--notebg)}.pill.dim{background:var(--panel)}
.because{margin:.25rem 0 1.25rem;padding-left:1.15rem}
.because li{margin:.2rem 0}
figure{margin:1.25rem 0 0}
figure svg{display:block;width:100%;height:1.1rem;border-radius:.25rem}
figcaption{display:flex;flex-wrap:wrap;gap:.15rem 1.25rem;font-size:.88rem;color:var(--soft);margin-top:.4rem}
.key::before{content:"";display:inline-block;width:.7rem;height:.7rem;border-radius:.15rem;margin-right:.4rem;vertical-align:-.05rem}
.key.blind::before{background:var(--bad)}.key.seen::before{background:var(--good)}.key.unsaid::before{background:var(--soft)}
.fill-blind{fill:var(--bad)}.fill-seen{fill:var(--good)}.fill-unsaid{fill:var(--soft)}.fill-line{fill:var(--line)}.fill-note{fill:var(--note)}
.trouble{border:1px solid var(--line);border-left:.25rem solid var(--soft);border-radius:.4rem;padding:.9rem 1.1rem;margin:.9rem 0;break-inside:avoid}
.trouble.bad{border-left-color:var(--bad);color:inherit}.trouble.warn{border-left-color:var(--warn);color:inherit}.trouble.note{border-left-color:var(--note);color:inherit}.trouble.dim{color:inherit}
.top{display:flex;flex-wrap:wrap;gap:.35rem 1rem;justify-content:space-between;align-items:baseline}
.top h3{flex:1 1 20rem}
.pill{display:inline-block;font-size:.78rem;font-weight:600;padding:.05rem .5rem;border-radius:1rem;white-space:nowrap}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.2rem .9rem;margin:.7rem 0 0;font-size:.94rem}
.facts dt{color:var(--soft)}
.facts dd{grid-column:2;margin:0;overflow-wrap:anywhere}
.place{display:block;color:var(--soft)}
.fix{margin:.8rem 0 0;padding:.55rem .8rem;background:var(--panel);border-radius:.3rem}
details{margin-top:.6rem}
summary{cursor:pointer;color:var(--soft);font-size:.92rem}
details[open]>summary{margin-bottom:.4rem}
pre{margin:.4rem 0;padding:.7rem .85rem;background:var(--panel);border-radius:.3rem;overflow-x:auto;line-height:1.45;max-height:28rem}
ol.steps{padding-left:1.35rem;margin:.5rem 0}
ol.steps li{margin:.45rem 0;padding-left:.25rem}
ol.steps .dim{display:block;font-size:.9rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;margin:.6rem 0}
th{font-weight:600;text-align:left;color:var(--soft);font-size:.85rem;border-bottom:1px solid var(--line);padding:.35rem .9rem .35rem 0;vertical-align:bottom;white-space:nowrap}
td{border-bottom:1px solid var(--line);padding:.45rem .9rem .45rem 0;vertical-align:top;overflow-wrap:break-word}
td.fn{overflow-wrap:anywhere;min-width:10rem}
th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.group{border-bottom:1px solid var(--line);margin:0;padding:.5rem 0;break-inside:avoid}
.group>summary{display:grid;grid-template-columns:3.2rem 4rem 5.2rem minmax(9rem,1fr) minmax(12rem,2fr);gap:.2rem .8rem;align-items:baseline;color:inherit;list-style:none}
.group>summary::-webkit-details-marker{display:none}
.group>summary::before{content:none}
.group>summary:hover{background:var(--panel)}
.group .id{color:var(--soft)}
.group .id::before{content:"\\25b8";display:inline-block;width:1em;font-size:.8em}
.group[open] .id::before{content:"\\25be"}
.group .n{text-align:right;font-variant-numeric:tabular-nums}
.group .fn{overflow-wrap:anywhere}
.group .body{padding:.2rem 0 .6rem 1rem}
footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.88rem}
.target+.target{margin-top:4rem;border-top:.25rem solid var(--line);padding-top:2rem}
@media (max-width:40rem){main{padding:1.25rem 1rem 3rem}h1{font-size:1.4rem}.facts{grid-template-columns:1fr;gap:0}.facts dd{grid-column:1}.facts dt{margin-top:.4rem;font-size:.85rem}.group>summary{grid-template-columns:3.2rem 1fr 1fr}.group>summary .fn,.group>summary .why{grid-column:1/-1;padding-left:1rem}.stack-table thead{display:none}.stack-table tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}.stack-table td{display:block;border:0;padding:.1rem 0;text-align:left}.stack-table td[data-name]::before{content:attr(data-name) ": ";color:var(--soft)}}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--panel:#f4f4f4;--bad:#a00;--warn:#750;--good:#060;--note:#024}main{max-width:none;padding:0}pre{max-height:none;white-space:pre-wrap;overflow-wrap:anywhere}details>summary{list-style:none}}
`
