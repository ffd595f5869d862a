"""Pages of every shape that a document can have.

`ORACLE` counts what a page shows by means of the browser's own that the walker does not use.
"""

from __future__ import annotations

from zoo import Page, Zoo

_TINY = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="

_DEEP = (
    "let at = all; for (let n = 0; n < {count}; n += 1) {{ const inner = document.createElement('div');"
    " at.append(inner); at = inner }} at.textContent = 'bottom'"
)


def _made(what: str, script: str, before: str = "") -> Page:
    """A page that a script fills."""
    return Page(what, f"{before}<div id=all></div><script>{script}</script>")


def _many(what: str, count: int, each: str) -> Page:
    return _made(what, f"all.innerHTML = Array.from({{ length: {count} }}, (_, n) => `{each}`).join('')")


PAGES: Zoo = {
    "deep-2000": _made("2,000 elements in one another", _DEEP.format(count=2_000)),
    "deep-unseen": _made(
        "20,000 elements in one another that are not shown", "all.hidden = true;" + _DEEP.format(count=20_000)
    ),
    "deep-250": Page("250 elements in one another", "<div>" * 250 + "bottom" + "</div>" * 250),
    "attribute-5mb": _made("an attribute of 5 MB", "all.innerHTML = '<p>x</p>'; all.title = 'y'.repeat(5e6)"),
    "attributes-100000": _made(
        "100,000 attributes on one element",
        "all.innerHTML = '<p' + Array.from({ length: 1e5 }, (_, n) => ` data-${n}=${n}`).join('') + '>x</p>'",
    ),
    "siblings-200000": _many("200,000 elements side by side", 200_000, "<i>x</i>"),
    "siblings-3000": _many("3,000 elements side by side", 3_000, "<i>x</i>"),
    "text-5mb": _made("5 MB of words in one element", "all.textContent = 'word '.repeat(1e6)"),
    "frames-120": _many("120 frames side by side", 120, "<iframe width=9 height=9 srcdoc='<p>x</p>'></iframe>"),
    "frames-6": _many("6 frames side by side", 6, "<iframe srcdoc='<p>x</p><button>y</button>'></iframe>"),
    "frame-of-itself": Page(
        "a frame that shows its own page", "<p>again</p><iframe src=frame-of-itself.html></iframe>"
    ),
    "frameset": Page(
        "a set of frames in place of a body",
        "<frameset cols='*,*'><frame src=still.html><frame src=still.html></frameset>",
    ),
    "roots": _made(
        "20 shadow roots in one another",
        "let at = all; for (let n = 0; n < 20; n += 1) { at = at.attachShadow({ mode: 'open' });"
        " at.innerHTML = '<p>x</p><div></div>'; at = at.querySelector('div') } at.textContent = 'bottom'",
    ),
    "slots": Page(
        "slots: given, named, with a fallback, and words given to none",
        "<div><template shadowrootmode=open><h2><slot name=a>no</slot></h2><slot></slot><slot name=b><b>fallback</b>"
        "</slot></template><p>given</p><i slot=a>named</i><u slot=none>lost</u></div>",
    ),
    "table-500": _made(
        "a table of 500 by 500 cells",
        "all.innerHTML = '<table style=\"table-layout:fixed;width:9000px\">'"
        " + ('<tr>' + '<td>'.repeat(500)).repeat(500)",
    ),
    "table-30": _made(
        "a table of 30 by 30 cells with a head, a foot and a caption",
        "all.innerHTML = '<table><caption>c</caption><thead><tr><th>h</th></tr></thead><tbody>' + ('<tr>' +"
        " '<td>x'.repeat(30)).repeat(30) + '</tbody><tfoot><tr><td>f</td></tr></tfoot></table>'",
    ),
    "paths-10000": _made(
        "a drawing of 10,000 paths",
        "all.innerHTML = '<svg width=500 height=500>' + Array.from({ length: 10000 },"
        " (_, n) => `<path d='M${n % 500} 0h9v9'/>`).join('') + '</svg>'",
    ),
    "drawing": Page(
        "a drawing with groups, words, links, symbols and another page in it",
        "<svg width=300 height=300><defs><g id=s><rect width=5 height=5 /></g></defs><g><circle cx=50 cy=50 r=20 />"
        "<text x=9 y=90>words</text></g><a href=still.html><rect x=100 width=30 height=30 /></a><use href=#s x=200 />"
        "<foreignObject x=9 y=100 width=200 height=90><p>foreign</p></foreignObject></svg>",
    ),
    "options-100000": _made(
        "a drop-down of 100,000 options", "all.innerHTML = '<select>' + '<option>x'.repeat(1e5) + '</select>'"
    ),
    "templates": Page(
        "templates, scripts and styles, which show nothing", "<p>x</p><template><p>no</p></template><style>p{}</style>"
    ),
    "contents": Page(
        "boxes that have none themselves",
        "<div style='display:contents'><div style='display:contents'><p>x</p></div></div>",
    ),
    "details": Page(
        "details, one open",
        "<details><summary>a</summary><p>no</p></details><details open><summary>b</summary><p>x</p></details>",
    ),
    "popover": Page(
        "two popovers, one shown",
        "<div popover id=a><p>x</p></div><div popover id=b><p>no</p></div><script>a.showPopover()</script>",
    ),
    "dialog": Page(
        "a modal dialog over a page",
        "<p>below</p><dialog id=d><p>x</p></dialog><dialog><p>no</p></dialog><script>d.showModal()</script>",
    ),
    "skipped": Page(
        "content that is skipped for good, and content that is when out of view",
        "<div style='content-visibility:hidden'><p>no</p></div>"
        "<div style='content-visibility:auto;margin-top:9000px'><p>x</p></div>",
    ),
    "virtual": _made(
        "a list of 10,000 rows of which those in view exist",
        "all.style.cssText = 'height:300px;overflow:auto;position:relative'; const draw = () => {"
        " const top = all.scrollTop / 20 | 0; all.innerHTML = '<div style=height:200000px></div>'"
        " + Array.from({ length: 16 }, (_, n) => `<p style='position:absolute;margin:0;top:${(top + n) * 20}px'>"
        "row ${top + n}</p>`).join('') }; all.onscroll = draw; draw()",
    ),
    "right-to-left": Page(
        "Hebrew and Arabic with numbers and a wide box",
        "<body dir=rtl><p>שלום 123</p><p>مرحبا</p><div style='width:3000px'>x</div>",
    ),
    "zoomed": Page(
        "zoomed, scaled and turned boxes",
        "<div style='zoom:2'><p>a</p></div><div style='transform:scale(.5) rotate(30deg)'><p>b</p></div>"
        "<div style='transform:perspective(90px) rotateX(30deg)'><p>c</p></div>",
    ),
    "behind": Page(
        "boxes behind others", "<p style='position:relative;z-index:-1'>x</p><div style='background:red'>y</div>"
    ),
    "columns": Page("words in columns", f"<div style='columns:3'>{'<p>some words <b>here</b></p>' * 60}</div>"),
    "formulas": Page(
        "a formula", "<math><mfrac><mi>x</mi><mn>2</mn></mfrac><mo>=</mo><msqrt><mi>y</mi></msqrt></math>"
    ),
    "pictures": Page(
        "pictures in all markups",
        f"<picture><source srcset='{_TINY}'><img src='{_TINY}' alt=a></picture><figure><img src='{_TINY}' alt=b>"
        "<figcaption>c</figcaption></figure><img src=none.png alt=d>",
    ),
    "map": Page(
        "a picture with areas",
        f"<img usemap=#m width=99 height=99 src='{_TINY}' alt=plan><map name=m><area href=still.html alt=room"
        " shape=rect coords=0,0,50,50><area href=still.html alt=hall shape=circle coords=70,70,9></map>",
    ),
    "objects": Page(
        "objects: a page, a drawing, a fallback",
        "<object data=still.html type=text/html width=200 height=90></object><object data=bare-drawing.svg width=99"
        " height=99></object><object data=none.bin type=x/y><p>fallback</p></object>",
    ),
    "hidden": Page(
        "everything that hides",
        "<p hidden>no</p><p style='display:none'>no</p><p style='visibility:hidden'>unseen</p>"
        "<p style='opacity:0'>faint</p>"
        "<p style='height:0;overflow:hidden'>flat</p><p aria-hidden=true>unsaid</p><p inert>still</p>"
        "<p style='position:absolute;left:-9999px'>away</p>",
    ),
    "controls": Page(
        "every kind of field",
        "".join(
            f"<label>{kind}<input type={kind}></label>" for kind in ("text", "date", "file", "range", "color", "radio")
        )
        + "<input type=hidden><textarea>x</textarea><select><optgroup label=g><option>o</select><progress></progress>"
        "<meter value=.5></meter><output>o</output><button>b<br>c</button><fieldset><legend>l</legend></fieldset>",
    ),
    "custom": Page(
        "elements of the page's own making",
        "<my-card><my-title>x</my-title></my-card><script>customElements.define('my-card', class extends HTMLElement {"
        " connectedCallback() { this.append('grown') } })</script>",
    ),
    "ruby": Page("words over words", "<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby> x<wbr>y<sub>1</sub></p>"),
    "edited": Page("a page that can be written on", "<div contenteditable><p>a</p><p>b <b>c</b></p></div>"),
    "scrolled": Page(
        "boxes that scroll in boxes that scroll",
        "<div style='height:200px;overflow:auto'><div style='height:900px;overflow:auto'>"
        "<p style='margin-top:2000px'>x</p></div></div>",
    ),
    "list-of-all": _many("1,000 rows with a box, a field and a link each", 1_000, "<li><input><a href=x>${n}</a></li>"),
}

TOO_DEEP: Zoo = {
    "deep-20000": _made("20,000 elements in one another, on which Chromium crashes", _DEEP.format(count=20_000)),
}

ORACLE = """(() => {
  const never = new Set(('script style noscript template link meta head title base br wbr option optgroup datalist '
    + 'source track param colgroup col').split(' '));
  const count = (root) => {
    let sum = 0;
    const unseen = new Set(root.querySelectorAll('defs')); // laid out, and not shown
    for (const outer of root.querySelectorAll('defs, [style="content-visibility:hidden"]')) {
      for (const element of outer.querySelectorAll('*')) unseen.add(element);
    }
    const boxless = new Set(root.querySelectorAll('area, slot, [style="display:contents"]'));
    for (const element of root.querySelectorAll('*')) {
      if (never.has(element.localName) || (element.localName === 'input' && element.type === 'hidden')) continue;
      if (unseen.has(element)) continue;
      const boxed = element.getClientRects().length > 0;
      if (boxed || boxless.has(element)) sum += 1;
      if (boxed && element.shadowRoot) sum += count(element.shadowRoot);
      const inner = boxed && element.contentDocument;
      if (inner) sum += inner.body ? count(inner.body) : 1 + count(inner.documentElement);
    }
    return sum;
  };
  return count(document.body);
})()"""
