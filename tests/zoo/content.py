"""Pages whose content cannot be read, or is not what it says it is."""

from __future__ import annotations

from zoo import Page, Zoo

_SILENCE = "data:audio/wav;base64,UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA="
_CLOSED = (
    "<script>const root = {host}.attachShadow({{ mode: 'closed' }});"
    "root.innerHTML = '<button>inside</button><p>hidden words</p><slot></slot>';"
    "root.querySelector('button').onclick = (event) => {{ event.target.textContent = 'pressed' }}</script>"
)

OPAQUE: Zoo = {
    "closed-root": Page("a closed shadow root", f"<div id=host><p>slotted</p></div>{_CLOSED.format(host='host')}"),
    "closed-frame": Page(
        "a closed shadow root in a frame",
        f'<iframe srcdoc="<div id=host></div>{_CLOSED.format(host="host")}"></iframe>',
    ),
    "closed-declared": Page(
        "a closed shadow root that the markup declares",
        "<style>my-card { display: block }</style>"
        "<my-card title=card><template shadowrootmode=closed><p>hidden words</p></template></my-card>",
    ),
    "canvas": Page(
        "a drawing",
        "<canvas id=c width=200 height=100 aria-label=Sales>none</canvas>"
        "<script>c.getContext('2d').fillText('drawn words', 10, 50)</script>",
    ),
    "pdf-embed": Page("a PDF document by embed", "<embed src=paper.pdf type=application/pdf width=300 height=200>"),
    "pdf-frame": Page("a PDF document in a frame", "<iframe src=paper.pdf width=300 height=200></iframe>"),
    "pdf-object": Page(
        "a PDF document by object", "<object data=paper.pdf type=application/pdf width=300 height=200></object>"
    ),
    "foreign-frame": Page("a frame from where nobody may go", "<iframe src=https://refused.example/pay></iframe>"),
    "sandboxed-frame": Page(
        "a frame with an origin of its own", "<iframe sandbox srcdoc='<p>boxed words</p>'></iframe>"
    ),
    "neighbour-frame": Page(
        "a frame of another port of this machine",
        "<script>document.write(`<iframe src=http://127.0.0.1:${+location.port ^ 1}/x></iframe>`)</script>",
    ),
    "video": Page("a film", "<video controls width=200 height=100 src=none.mp4></video>"),
    "audio": Page("a sound", f"<audio controls src='{_SILENCE}'></audio>"),
    "deep-frames": Page(
        "forty frames in one another",
        "<p>level</p><script>const deep = +location.search.slice(1) || 0;"
        "if (deep < 40) document.write(`<iframe src=deep-frames.html?${deep + 1}></iframe>`)</script>",
    ),
}
PLACES = {
    "closed-root": ("inside", "hidden words", "slotted"),
    "closed-frame": ("inside", "hidden words"),
    "closed-declared": ("unread part: card",),
    "canvas": ("canvas", "Sales"),
    "pdf-embed": ("unread PDF",),
    "pdf-frame": ("unread PDF",),
    "pdf-object": ("unread PDF",),
    "foreign-frame": ("unread frame refused.example",),
    "sandboxed-frame": ("boxed words",),
    "neighbour-frame": ("unread frame 127",),
    "video": ("unread video",),
    "audio": ("unread audio",),
    "deep-frames": ("level", "unread frame"),
}
"""What a reader of each page's text is to find."""

BROKEN: Zoo = {
    "broken-markup": Page(
        "tags that nobody closes, and some that nobody opened", "<p>a<div>b<table><tr>c<td>d</p>e</b>"
    ),
    "broken-nesting": Page(
        "forms in forms, links in links, tables in paragraphs",
        "<form><form><a href=1>x<a href=2>y</a></a><p><table><p>z<select><div>w</select></table></form></form>",
    ),
    "broken-end": Page("a file that ends inside a tag", "<p>begun</p><input value='never closed"),
    "broken-comment": Page("a comment that nobody closes", "<p>before</p><!-- <p>after</p>"),
    "broken-utf8": Page(
        "bytes that are no UTF-8", b"<!doctype html><title>\xff</title><p>a\xff\xfe\xc3(b\xed\xa0\x80c\xf5</p>"
    ),
    "broken-nul": Page("NUL, and other signs that control something", b"<p>a\x00b\x01c\x1bd\x7fe\xc2\x85f</p>"),
    "bom-8": Page("a byte order mark of UTF-8", "\ufeff<!doctype html><title>bom</title><p>zoë</p>".encode()),
    "bom-16": Page("UTF-16 behind its mark", "\ufeff<!doctype html><title>bom</title><p>zoë</p>".encode("utf-16-le")),
    "latin-as-utf8": Page("Latin letters served as UTF-8", "<!doctype html><p>zoë à la carte</p>".encode("latin-1")),
    "utf8-as-latin": Page(
        "UTF-8 that its meta element denies", "<!doctype html><meta charset=iso-8859-1><p>zoë</p>".encode()
    ),
    "two-charsets": Page("half of it in another encoding", "<p>zoë</p>".encode() + "<p>zoë</p>".encode("latin-1")),
    "surrogates": Page(
        "halves of surrogate pairs in words, names, values, addresses and the title",
        "<p id=p></p><button id=b></button><input id=i><script>p.textContent = 'a\\ud800b'; b.title = '\\udc00';"
        "i.value = 'c\\udbff'; document.title = 'd\\ud83d'; p.className = '\\ude00'</script>",
    ),
    "bidi": Page(
        "signs that turn the direction of writing", "<p>pay \u202e001\u202c now \u200b\u200f\u2066x\u2069</p>"
    ),
    "empty": Page("no byte at all", b""),
    "only-words": Page("words and no tag", b"just words"),
    "bare-drawing": Page(
        "a drawing and no page around it",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='99' height='99'><text y='20'>drawn words</text></svg>",
        "svg",
    ),
    "strict": Page(
        "XHTML that breaks off where it is wrong",
        b"<html xmlns='http://www.w3.org/1999/xhtml'><body><p>fine</p><p>wrong</body></html>",
        "xhtml",
    ),
    "numbers": Page(
        "references to signs that there are none of", "<p>a&#0;b&#xD800;c&#x110000;d&#128;e&bogus;f&amp</p>"
    ),
}

_PDF = b"""%PDF-1.1
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
trailer<</Root 1 0 R>>
"""
PAGES: Zoo = OPAQUE | BROKEN | {"paper": Page("a PDF document", _PDF, "pdf")}
