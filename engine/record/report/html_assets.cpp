// SPDX-License-Identifier: Apache-2.0
// The page's style sheet and script, in the page itself so that it needs nothing from anywhere.
#include "engine/record/report/html_chart.h"

#include <fmt/core.h>

namespace penstock::html {

namespace {
constexpr const char* kLight = R"css({--paper:#fbfbfa;--card:#fff;--ink:#1c2430;--soft:#5b6675;
--faint:#8b95a3;--rule:#e4e7eb;--grid:#edf0f3;--c0:#2563eb;--c1:#d97706;--c2:#15935a;--c3:#d1344b;
--c4:#7c3aed;--c5:#7b8794;--s0:#f6c9cf;--s1:#fbe3bd;--s2:#ddd0f7;--shade:.55;--good:#15803d;
--bad:#c4243b;--warn:#b45309;color-scheme:light}
)css";

constexpr const char* kDark = R"css({--paper:#12161c;--card:#191f27;--ink:#e6eaf0;--soft:#a3adba;
--faint:#78838f;--rule:#2b333d;--grid:#252c35;--c0:#6ea8fe;--c1:#f3a94a;--c2:#4cc38a;--c3:#ff7a8a;
--c4:#b794f6;--c5:#93a0ae;--s0:#7a2f3b;--s1:#6b4d1f;--s2:#4b3a78;--shade:.5;--good:#4ade80;
--bad:#ff7a8a;--warn:#f3a94a;color-scheme:dark}
)css";

constexpr const char* kRules = R"css(
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
main{max-width:1160px;margin:0 auto;padding:40px 32px 64px}
header{display:flex;gap:24px;align-items:flex-start;justify-content:space-between}
h1{font-size:30px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:19px;margin:44px 0 12px;letter-spacing:-.005em}
h3{font-size:14px;margin:0;font-weight:600}
h3 small{font-weight:400;color:var(--faint);margin-left:6px}
.about{color:var(--soft);margin:0;max-width:76ch}
.lesson{margin:22px 0 0;padding:12px 18px;border-left:3px solid var(--c0);background:var(--card);
border-radius:0 8px 8px 0;max-width:86ch}
.lesson b{display:block;font-size:12px;text-transform:uppercase;letter-spacing:.06em;
color:var(--faint);font-weight:600}
.story{font-size:17px;margin:24px 0 0;max-width:80ch}
button{font:inherit;font-size:13px;color:var(--soft);background:var(--card);
border:1px solid var(--rule);border-radius:8px;padding:5px 12px;cursor:pointer;white-space:nowrap}
button:hover{color:var(--ink)}
button:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px;margin:26px 0 0}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 18px}
.tile span{display:block;color:var(--soft);font-size:13px}
.tile strong{display:block;font-size:25px;font-weight:650;letter-spacing:-.01em;
font-variant-numeric:tabular-nums;line-height:1.35}
.tile em{display:block;font-style:normal;color:var(--faint);font-size:12.5px}
figure{margin:0 0 14px;background:var(--card);border:1px solid var(--rule);border-radius:12px;
padding:14px 16px 6px;break-inside:avoid}
figcaption{display:flex;flex-wrap:wrap;gap:4px 18px;align-items:baseline;
justify-content:space-between;margin:0 0 6px;min-height:22px}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:12.5px;color:var(--soft)}
.key{display:inline-flex;align-items:center;gap:6px}
.key i{width:16px;height:0;border-top:2.5px solid var(--c);display:inline-block}
.key i.dashed{border-top-style:dashed}
.key i.block{height:11px;border:0;border-radius:3px;background:var(--s)}
.key b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums;display:inline-block;
min-width:4.6ch}
.key.muted{color:var(--faint)}
.note{margin:2px 0 6px;font-size:12.5px;color:var(--faint)}
svg{display:block;width:100%;height:auto;touch-action:pan-y}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}
.c5{--c:var(--c5)}.s0{--s:var(--s0)}.s1{--s:var(--s1)}.s2{--s:var(--s2)}
.grid{stroke:var(--grid);stroke-width:1;fill:none}
.tick{fill:var(--faint);font-size:11px;font-variant-numeric:tabular-nums}
.line{stroke:var(--c);stroke-width:1.6;fill:none;stroke-linejoin:round}
.line.dashed{stroke-dasharray:5 4;stroke-width:1.4}
.band{fill:var(--c);opacity:.16}
.area{fill:var(--c);opacity:.2}
.shade{fill:var(--s);opacity:var(--shade)}
.warmup{fill:var(--faint);opacity:.12}
.mark{stroke:var(--ink);stroke-width:1;stroke-dasharray:2 3;opacity:.6}
.flag{fill:var(--ink);opacity:.75}
.heat{fill:var(--c0)}
.heat-floor{fill:var(--grid);opacity:.6}
.cross{stroke:var(--ink);stroke-width:1;opacity:0}
.on .cross{opacity:.5}
#clock{position:fixed;right:20px;bottom:18px;background:var(--ink);color:var(--paper);
border-radius:8px;padding:4px 12px;font-size:13px;font-variant-numeric:tabular-nums;opacity:0;
transition:opacity .12s;pointer-events:none}
.on #clock{opacity:.92}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums;
background:var(--card);border:1px solid var(--rule);border-radius:12px}
.scroll{background:var(--card);border:1px solid var(--rule);border-radius:12px}
.scroll table{border:0}
th,td{padding:7px 14px;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
tr:last-child td{border-bottom:0}
th{color:var(--soft);font-weight:500;font-size:12.5px}
th:first-child,td:first-child{text-align:left;font-weight:550}
td.wrap{white-space:normal;text-align:left;min-width:260px}
td.left,th.left{text-align:left}
code{font:13px/1.4 ui-monospace,"DejaVu Sans Mono",monospace}
.pass{color:var(--good);font-weight:650}.fail{color:var(--bad);font-weight:650}
.error{color:var(--bad);font-weight:600}.warning{color:var(--warn);font-weight:600}
.bar{display:flex;height:26px;border-radius:8px;overflow:hidden;margin:0 0 10px}
.bar i{background:var(--c);min-width:2px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:6px 28px;margin:0}
.facts div{display:flex;justify-content:space-between;gap:12px;border-bottom:1px solid var(--grid);
padding:4px 0;font-size:13.5px}
.facts dt{color:var(--soft)}
.facts dd{margin:0;font-variant-numeric:tabular-nums;text-align:right;overflow-wrap:anywhere}
footer{margin-top:44px;color:var(--faint);font-size:12.5px}
@media (max-width:640px){main{padding:24px 14px}h1{font-size:24px}header{flex-direction:column}}
@media print{button,#clock,.key b{display:none}main{padding:0;max-width:none}
figure,table,.tile{break-inside:avoid}h2{break-after:avoid;margin-top:28px}body{font-size:12px}}
)css";

} // namespace

// The system's wish, unless the reader has chosen; on paper always light.
std::string style() {
    return fmt::format(
        ":root{0}@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){1}}}"
        ":root[data-theme=dark]{1}@media print{{:root:root:root{0}}}{2}",
        kLight, kDark, kRules);
}

const char* const kScript = R"js(
(function () {
  var root = document.documentElement, key = 'penstock-theme';
  var button = document.getElementById('theme');
  function stored() { try { return localStorage.getItem(key); } catch (e) { return null; } }
  function dark() {
    return root.dataset.theme ? root.dataset.theme === 'dark'
                              : matchMedia('(prefers-color-scheme: dark)').matches;
  }
  function label() { button.textContent = dark() ? 'Light' : 'Dark'; }
  if (stored()) root.dataset.theme = stored();
  button.hidden = false;
  button.onclick = function () {
    root.dataset.theme = dark() ? 'light' : 'dark';
    try { localStorage.setItem(key, root.dataset.theme); } catch (e) {}
    label();
  };
  label();

  var data = JSON.parse(document.getElementById('data').textContent);
  var clock = document.getElementById('clock');
  function digits(v) { return v === 0 ? '0' : String(Number(v.toPrecision(3))); }
  function show(v, unit) {
    if (v === null || v === undefined) return '–';
    if (unit === 'share') return digits(v * 100) + ' %';
    if (unit === 'seconds') return v < 1 ? digits(v * 1000) + ' ms' : digits(v) + ' s';
    if (unit === 'rate') return digits(v) + '/s';
    return Math.abs(v) >= 1000 ? Math.round(v).toLocaleString('en') : digits(v);
  }
  function two(n) { return (n < 10 ? '0' : '') + n; }
  function time(t) {
    var s = Math.floor(t), ms = Math.floor((t - s) * 10);
    return (s >= 3600 ? Math.floor(s / 3600) + ':' : '') + two(Math.floor(s / 60) % 60) + ':' +
           two(s % 60) + (data.seconds < 3600 ? '.' + ms : '');
  }
  var charts = data.charts.map(function (c) {
    var figure = document.getElementById(c.id);
    var labels = [];
    figure.querySelectorAll('b[data-s]').forEach(function (b) { labels[+b.dataset.s] = b; });
    return { c: c, svg: figure.querySelector('svg'), cross: figure.querySelector('.cross'),
             labels: labels };
  });
  function at(t) {
    var x = data.left + t / data.seconds * (data.width - data.left - data.right);
    charts.forEach(function (k) {
      k.cross.setAttribute('transform', 'translate(' + x.toFixed(1) + ' 0)');
      k.c.series.forEach(function (s, i) {
        if (!s || !k.labels[i]) return;
        var index = Math.min(Math.floor(t / s.bin), s.v.length - 1);
        k.labels[i].textContent = show(s.v[index], k.c.budget === i ? '' : k.c.unit);
      });
    });
    clock.textContent = time(t);
    root.classList.add('on');
  }
  function off() {
    root.classList.remove('on');
    charts.forEach(function (k) { k.labels.forEach(function (b) { b.textContent = ''; }); });
  }
  charts.forEach(function (k) {
    k.svg.addEventListener('pointermove', function (e) {
      var box = k.svg.getBoundingClientRect();
      var x = (e.clientX - box.left) / box.width * data.width;
      var t = (x - data.left) / (data.width - data.left - data.right) * data.seconds;
      if (t < 0 || t > data.seconds) off(); else at(t);
    });
    k.svg.addEventListener('pointerleave', off);
  });
})();
)js";

} // namespace penstock::html
