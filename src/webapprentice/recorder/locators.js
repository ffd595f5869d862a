// Ways to find an element again, each tried out on the page before it is written down; and the page as HTML.
(() => {
  const own = window.__apprentice;
  if (!own || own.finding) return;
  const BAR = 'apprentice-bar';
  const squeeze = (text, most = 80) => own.squeeze(text || '', most);
  const LETTER = /\p{L}/u;

  // What a build tool or a framework has made up will be another one tomorrow.
  const generated = (text) => text.length > 60 || /\d{3,}/.test(text) || /^(:r|ember|react-|radix-|mui-|css-|sc-|jss|ext-gen|yui_|gwt-|cdk-|headlessui-)/i.test(text)
    || /(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}/.test(text)
    || text.split(/[-_:.]+/).some((part) => part.length > 4 && /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part));

  // All elements of a document and of what stands in it: shadow roots, frames of the same origin.
  function* everything(root) {
    for (const element of root.querySelectorAll('*')) {
      if (element.localName === BAR) continue;
      yield element;
      const shadow = own.shadow(element);
      if (shadow) yield* everything(shadow);
      let inner = null;
      try { inner = element.contentDocument; } catch { /* another origin */ }
      if (inner) yield* everything(inner);
    }
  }
  function* roots() {
    yield document;
    for (const element of everything(document)) {
      const shadow = own.shadow(element);
      if (shadow) yield shadow;
      let inner = null;
      try { inner = element.contentDocument; } catch { /* another origin */ }
      if (inner) yield inner;
    }
  }
  const quoted = (text) => `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\a ')}"`;

  const ATTRIBUTES = 'data-testid data-test data-qa data-cy data-id id name href aria-label placeholder title alt'.split(' ');
  const byAttribute = (element) => {
    const found = [];
    for (const key of ATTRIBUTES) {
      const value = element.getAttribute(key);
      if (!value || value.length > 200 || value.startsWith('javascript:') || value === '#') continue;
      if (/^(id|name|data-)/.test(key) && generated(value)) continue;
      found.push(`${CSS.escape(element.localName)}[${key}=${quoted(value)}]`);
    }
    if (/^(radio|checkbox|submit|button)$/.test(element.type || '') && element.getAttribute('value')) {
      found.push(`${element.localName}[type="${element.type}"][value=${quoted(element.getAttribute('value'))}]`);
    }
    return found;
  };
  const place = (element, kind) => {
    const all = [...(element.parentNode ? element.parentNode.children : [element])].filter((one) => one.localName !== BAR && (!kind || one.localName === element.localName));
    return [all.indexOf(element) + 1, all.length];
  };
  const short = (element) => {
    const root = element.getRootNode();
    let path = '';
    for (let at = element; at && at.nodeType === 1; at = at.parentElement) {
      let step = CSS.escape(at.localName);
      if (at.id && !generated(at.id)) step = `#${CSS.escape(at.id)}`;
      else {
        const classes = [...at.classList].filter((name) => !generated(name)).slice(0, 2);
        step += classes.map((name) => `.${CSS.escape(name)}`).join('');
        const [number, of] = place(at, true);
        if (of > 1 && (!classes.length || at !== element)) step += `:nth-of-type(${number})`;
      }
      path = path ? `${step} > ${path}` : step;
      try { if (root.querySelectorAll(path).length === 1) return path; } catch { return ''; }
    }
    return path;
  };
  const xpath = (element) => {
    let path = '';
    for (let at = element; at && at.nodeType === 1; at = at.parentElement) {
      if (at.id && !generated(at.id) && !at.id.includes('"')) return `//*[@id="${at.id}"]${path}`;
      const step = at.namespaceURI === 'http://www.w3.org/1999/xhtml' ? at.localName : `*[name()="${at.localName}"]`;
      path = `/${step}[${place(at, true)[0]}]${path}`;
    }
    return path;
  };
  const structure = (element) => {
    const steps = [];
    for (let at = element; at && at.nodeType === 1; at = at.parentElement) steps.unshift(`${CSS.escape(at.localName)}:nth-child(${place(at, false)[0]})`);
    return steps.join(' > ');
  };
  const label = (element) => {
    const held = element.labels && element.labels[0];
    return squeeze(held ? held.textContent : '');
  };
  const frame = () => `frame ${location.origin}${location.pathname}`;
  // The hosts that an element stands in, outermost first: frames and shadow roots, each found in the one before.
  const hosts = (element) => {
    const chain = [];
    for (let at = element; at;) {
      const root = at.getRootNode();
      if (root.host) { chain.unshift(`shadow ${short(root.host)}`); at = root.host; continue; }
      const view = root.defaultView;
      let above = null;
      try { above = view && view.frameElement; } catch { /* another origin */ }
      if (above) chain.unshift(`frame ${short(above)}`);
      else if (view && view.parent !== view) chain.unshift(frame());
      at = above;
    }
    return chain;
  };

  // What a table says of an element that has no role of its own is said by its tag.
  const roleOf = (line) => line.role || line.tag;
  const index = (table) => {
    const lines = new Map(table.map((line) => [line.id, line]));
    const up = (line) => (line.parent === undefined ? null : lines.get(line.parent) || null);
    return { lines, up, table };
  };
  const named = (held, role, name) => held.table.filter((line) => line.tag !== '#text' && line.visible !== false && roleOf(line) === role && (line.name || '') === name);
  // Of all that have this role and name, the one that shares the smallest part of the page with these words.
  const beside = (held, role, name, words) => {
    const all = named(held, role, name);
    const above = new Map();
    for (const line of all) for (let at = line; at; at = held.up(at)) above.set(at.id, [...(above.get(at.id) || []), line.id]);
    const hits = new Set();
    for (const line of held.table) {
      if (line.text !== words || line.tag !== '#text' || line.visible === false) continue;
      for (let at = held.up(line); at; at = held.up(at)) {
        const inside = above.get(at.id);
        if (inside) { inside.forEach((id) => hits.add(id)); break; }
      }
    }
    return [...hits];
  };
  const texted = (held, tag, words) => held.table.filter((line) => line.tag === tag && line.visible !== false && squeeze((own.node(line.id) || {}).textContent, 200) === words).map((line) => line.id);

  const css = (selector) => {
    const hits = [];
    for (const root of roots()) {
      try { hits.push(...root.querySelectorAll(selector)); } catch { return []; }
    }
    return hits;
  };
  // A file field is often not shown: it is told by where it stands alone, and numbered when it is looked for.
  const unlisted = (node) => node.localName === 'input' && node.type === 'file';
  const listed = (held, nodes) => [...new Set(nodes)].map((node) => (held.lines.has(own.id(node)) ? own.id(node) : held.unlisted && unlisted(node) ? own.number(node) : 0));
  // The ids of what a locator finds; 0 for each that is not listed.
  const find = (held, locator) => {
    const { kind, value } = locator;
    if (kind === 'role') return named(held, value[0], value[1]).map((line) => line.id);
    if (kind === 'beside') return beside(held, ...value);
    if (kind === 'text') return texted(held, ...value);
    if (kind === 'label') return listed(held, [...everything(document)].filter((one) => one.localName === value[0] && label(one) === value[1]));
    if (kind === 'xpath') {
      const hits = [];
      for (const root of roots()) {
        if (root.host) continue;
        let found;
        try { found = root.evaluate(value[0], root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null); } catch { return []; }
        for (let n = 0; n < found.snapshotLength; n += 1) hits.push(found.snapshotItem(n));
      }
      return listed(held, hits);
    }
    return listed(held, css(value[0]));
  };

  const describe = (table, id) => {
    const held = index(table);
    const line = held.lines.get(id);
    const element = own.node(id);
    if (!line || !element || element.nodeType !== 1) return null;
    const [role, name] = [roleOf(line), line.name || ''];
    const twins = named(held, role, name).map((one) => one.id);
    const locators = [{ kind: 'role', value: [role, name], index: twins.indexOf(id), count: twins.length }];
    const offer = (kind, ...value) => {
      const hits = find(held, { kind, value });
      if (hits.length === 1 && hits[0] === id) locators.push({ kind, value, index: 0, count: 1 });
      return hits.length === 1 && hits[0] === id;
    };
    const called = label(element);
    if (called) offer('label', element.localName, called);
    for (const selector of byAttribute(element)) offer('attribute', selector);
    if (twins.length > 1) words(held, line).some((text) => offer('beside', role, name, text));
    const text = squeeze(element.textContent, 200);
    if (text && text.length <= 80) offer('text', element.localName, text);
    offer('css', short(element));
    if (!element.getRootNode().host) offer('xpath', xpath(element));
    offer('path', structure(element));
    return { node: id, tag: line.tag, role: line.role || '', name, hosts: hosts(element), locators };
  };
  const describeUnlisted = (element, node) => {
    const locators = [];
    const offer = (kind, selector) => { const hits = css(selector); if (hits.length === 1 && hits[0] === element) locators.push({ kind, value: [selector], index: 0, count: 1 }); };
    for (const selector of byAttribute(element)) offer('attribute', selector);
    offer('css', short(element));
    offer('path', structure(element));
    return { node, tag: element.localName, role: '', name: '', hosts: hosts(element), locators };
  };
  // Words near an element that tell it from its like, nearest first; prices and counts come last.
  const words = (held, line) => {
    const found = [];
    const below = (root) => held.table.filter((one) => {
      if (one.tag !== '#text' || one.visible === false || one.text.length > 80 || !LETTER.test(one.text)) return false;
      for (let at = one; at; at = held.up(at)) if (at.id === root.id) return true;
      return false;
    });
    for (let at = held.up(line), depth = 0; at && depth < 6 && found.length < 12; at = held.up(at), depth += 1) {
      for (const one of below(at).slice(0, 12)) if (one.text !== line.name && !found.includes(one.text)) found.push(one.text);
    }
    return found.slice(0, 12);
  };

  // The document as one would save it, with the node ids in it: what shadow roots and frames show stands where they
  // show it, scripts and styles are left out, and so is what secret fields hold.
  const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));
  const EMPTIED = new Set('script style noscript template'.split(' '));
  const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const html = (most, skip) => {
    const out = [];
    let size = 0;
    const put = (text) => { out.push(text); size += text.length; };
    const write = (node, depth) => {
      if (size > most || depth > 300) return;
      if (node.nodeType === 3) { put(escape(node.data)); return; }
      if (node.nodeType !== 1 || node.localName === BAR || (skip && node.matches(skip))) return;
      let inner = null;
      try { inner = node.contentDocument; } catch { /* another origin */ }
      const framed = /^(iframe|frame|object)$/.test(node.localName);
      const tag = framed ? 'div' : node.localName;
      const secret = own.secrecy && /^(input|textarea)$/.test(node.localName) && own.secrecy(node);
      put(`<${tag}${framed ? ` apprentice-tag="${node.localName}"` : ''}`);
      for (const { name, value } of node.attributes) {
        if ((secret && name === 'value') || name === 'srcdoc' || name === 'nonce' || value.startsWith('data:')) continue;
        put(` ${name}="${escape(value).replace(/"/g, '&quot;')}"`);
      }
      const id = own.id(node);
      put(id === undefined ? '>' : ` apprentice-node="${id}">`);
      if (VOID.has(tag)) return;
      if (!EMPTIED.has(tag)) {
        if (inner && inner.body) write(inner.body, depth + 1);
        else if (node.localName === 'slot' && node.assignedNodes().length) for (const given of node.assignedNodes()) write(given, depth + 1);
        else for (const child of (own.shadow(node) || node).childNodes) write(child, depth + 1);
      }
      put(`</${tag}>`);
    };
    if (document.documentElement) write(document.documentElement, 0);
    return out.join('').toWellFormed();
  };

  own.finding = {
    describe,
    describeUnlisted,
    html,
    search: (table, locators, hidden) => { const held = { ...index(table), unlisted: hidden }; return locators.map((one) => find(held, one)); },
  };
})();
