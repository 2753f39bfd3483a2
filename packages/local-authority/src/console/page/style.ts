import { palette } from "../../pages/layout.js";

/** The style of the console, in the colours of the sign-in pages. */
export const style = `${palette}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;background:var(--ground);color:var(--ink);font:.9375rem/1.5 system-ui,"Segoe UI",sans-serif}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 1.5rem;padding:.75rem 1.25rem 0;background:var(--paper)}
h1{margin:0;font-size:1.125rem;font-weight:600}h2{margin:1.5rem 0 .5rem;font-size:1rem}h3{margin:1rem 0 .25rem;font-size:.9375rem}
p{margin:.25rem 0}code,pre,textarea,td.value{font-family:ui-monospace,"Cascadia Mono",Consolas,monospace;font-size:.8125rem}
.soft,#time,small{color:var(--soft);font-size:.8125rem}
#live{margin-left:.5rem;padding:.1rem .6rem;border:1px solid var(--line);border-radius:1rem;font-size:.75rem}
#live[data-state=live]{color:var(--good);border-color:var(--good)}#live[data-state=lost]{color:var(--alarm);border-color:var(--alarm)}
nav{display:flex;gap:.25rem;padding:.5rem 1.25rem 0;overflow-x:auto;background:var(--paper);border-bottom:1px solid var(--line)}
[role=tab]{flex:none;padding:.5rem .75rem;font:inherit;color:var(--soft);background:none;border:0;border-bottom:3px solid transparent;border-radius:.3rem .3rem 0 0;cursor:pointer}
[role=tab][aria-selected=true]{color:var(--ink);border-bottom-color:var(--accent);font-weight:600}
main{max-width:90rem;margin:0 auto;padding:1rem 1.25rem 4rem}
.bar,.actions{display:flex;flex-wrap:wrap;align-items:end;gap:.5rem .75rem;margin-bottom:.75rem}.actions{margin:.5rem 0}
label{display:flex;flex-direction:column;gap:.15rem;font-size:.8125rem;color:var(--soft)}label.line{flex-direction:row;align-items:center;gap:.4rem;padding:.4rem 0}
input,select,textarea{max-width:100%;padding:.4rem .55rem;font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--soft);border-radius:.35rem}
input:not([type=checkbox]),select{min-height:2.125rem}::placeholder{color:var(--soft);opacity:1}
p .do{padding:.05rem .5rem;font-size:.8125rem}textarea{width:100%;min-height:6rem;resize:vertical}input[type=search]{width:16rem}input[type=number]{width:7rem}
button.do{padding:.4rem .9rem;font:inherit;font-size:.875rem;color:var(--ink);background:var(--paper);border:1px solid var(--soft);border-radius:.35rem;cursor:pointer}
button.do.main{color:var(--paper);background:var(--accent);border-color:var(--accent);font-weight:600}
:is(input,button,select,textarea,[tabindex]):focus-visible{outline:3px solid var(--accent);outline-offset:1px}
.card{padding:.75rem 1rem;background:var(--paper);border:1px solid var(--line);border-radius:.5rem;overflow-wrap:anywhere}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:.75rem}.grid h3{margin:0}
.split{display:grid;grid-template-columns:minmax(17rem,5fr) 8fr;gap:1rem;align-items:start}
#list{max-height:calc(100vh - 13rem);min-height:8rem;margin:0;padding:0;overflow-y:auto;list-style:none;background:var(--paper);border:1px solid var(--line);border-radius:.5rem}
#list li{display:grid;grid-template-columns:1fr auto;gap:0 .75rem;padding:.45rem .75rem;border-bottom:1px solid var(--line);cursor:pointer;overflow-wrap:anywhere}
#list li[aria-selected=true]{background:var(--chosen);box-shadow:inset 3px 0 var(--accent)}
#list small{grid-column:1/-1}
.status{font-variant-numeric:tabular-nums;font-weight:600}.ok{color:var(--good)}.bad{color:var(--alarm)}
section>h2:first-child,#detail h2{margin-top:.25rem}#active-faults>.do{margin-top:.5rem}#active-faults .card{margin-bottom:.5rem}
#detail{max-height:calc(100vh - 13rem);overflow-y:auto}
table{width:100%;border-collapse:collapse;table-layout:fixed}th,td{padding:.3rem .5rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{width:32%;font-weight:600;font-size:.8125rem}td small{display:block;font-family:system-ui,"Segoe UI",sans-serif}
pre{margin:.5rem 0;padding:.6rem .75rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--ground);border:1px solid var(--line);border-radius:.35rem}
details{margin:.35rem 0;padding:.25rem .6rem;border:1px solid var(--line);border-radius:.35rem}summary{cursor:pointer}
#notice{position:fixed;inset:auto 1rem 1rem;z-index:2;width:fit-content;max-width:min(40rem,calc(100vw - 2rem));margin:0 auto;padding:.5rem 1rem;color:var(--paper);background:var(--ink);border-radius:.5rem;overflow-wrap:anywhere}
#notice:empty{display:none}#notice.bad{background:var(--alarm)}
.back{display:none}
@media (max-width:47rem){main{padding:.75rem .75rem 4rem}header,nav{padding-left:.75rem;padding-right:.75rem}
.split{display:block}#list,section>h2:first-child,#detail h2{margin-top:.25rem}#active-faults>.do{margin-top:.5rem}#active-faults .card{margin-bottom:.5rem}
#detail{max-height:none}.split.open #list{display:none}.split:not(.open) #detail{display:none}.back{display:inline-block}
.bar label:not(.line),input[type=search]{width:100%}th{width:38%}}
@media (prefers-reduced-motion:no-preference){#list li{transition:background .1s}}
`;
