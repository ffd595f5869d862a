// Role and accessible name of an element, as Chromium's own accessibility tree has them. Where it has no name at all,
// some things are named nevertheless: see docs/names.md.
(() => {
  const own = window.__apprentice;
  if (own.naming) return;
  const words = (text) => new Set(text.trim().split(' '));
  const SILENT = words('script style noscript template link meta head title base datalist source track param colgroup col '
    + 'rt rp desc defs symbol metadata audio video iframe frame object');
  const IMPLIED = {
    button: 'button', textarea: 'textbox', ul: 'list', ol: 'list', li: 'listitem', menu: 'list',
    table: 'table', tr: 'row', td: 'cell', th: 'columnheader', nav: 'navigation', main: 'main', aside: 'complementary',
    form: 'form', dialog: 'dialog', progress: 'progressbar', meter: 'meter', iframe: 'iframe', p: 'paragraph',
    fieldset: 'group', details: 'group', article: 'article', hr: 'separator', output: 'status', canvas: 'canvas',
    h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading', figure: 'figure',
    dt: 'term', dd: 'definition', header: 'banner', footer: 'contentinfo', search: 'search', video: 'video', audio: 'audio',
  };
  const INPUTS = {
    button: 'button', submit: 'button', reset: 'button', image: 'button', file: 'button', checkbox: 'checkbox',
    radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox',
  };
  const ROLES = words('alert alertdialog application article banner blockquote button caption cell checkbox code columnheader '
    + 'combobox comment complementary contentinfo definition deletion dialog directory document emphasis feed figure form '
    + 'grid gridcell group heading image img insertion link list listbox listitem log main mark marquee math menu menubar '
    + 'menuitem menuitemcheckbox menuitemradio meter navigation note option paragraph progressbar radio radiogroup region '
    + 'row rowgroup rowheader scrollbar search searchbox sectionfooter sectionheader separator slider spinbutton status '
    + 'strong subscript suggestion superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip '
    + 'tree treegrid treeitem');
  const OTHERWISE = { img: 'image', directory: 'list' };
  const FIELDS = words('textbox searchbox combobox listbox slider spinbutton');
  const CONTROLS = words('button link checkbox radio switch tab menuitem menuitemcheckbox menuitemradio option treeitem '
    + [...FIELDS].join(' '));
  const NAMED_BY_CONTENTS = words('button link checkbox radio switch tab menuitem menuitemcheckbox menuitemradio option '
    + 'treeitem heading cell gridcell columnheader rowheader tooltip');
  // What stands in these says nothing of what they stand in.
  const CLOSED = words('alert alertdialog application article banner blockquote complementary dialog document feed figure form '
    + 'grid group image log main marquee math menu menubar navigation note radiogroup row search separator '
    + 'status tablist tabpanel timer toolbar tree treegrid');
  const CLOSED_TAGS = words('article nav blockquote aside form main figure output math dialog');
  const FIELD_TAGS = words('input select textarea progress meter');
  const SPECIAL = new Set([...FIELD_TAGS, ...CLOSED_TAGS, 'img', 'area', 'fieldset', 'header']);
  const VALUED = words('slider spinbutton progressbar scrollbar meter');
  const BLACK = /\S/;
  const VISIBLE = { visibilityProperty: true };
  const SVG = 'http://www.w3.org/2000/svg';
  const LONGEST = 200;
  const squeeze = (text, most) => own.squeeze(text, most);

  const edits = (element) => {
    const said = element.getAttribute('contenteditable');
    return said !== null && said.toLowerCase() !== 'false';
  };
  const listens = (element) => {
    if (element.onclick || element.onmousedown || element.hasAttribute('onclick')) return true;
    const view = element.ownerDocument.defaultView;
    return Boolean(view && view.__apprentice && view.__apprentice.listens(element));
  };
  const hides = (element) => {
    const said = element.getAttribute('aria-hidden');
    return said !== null && said.toLowerCase() === 'true';
  };
  const named = (element) => element.hasAttribute('aria-label') || element.hasAttribute('aria-labelledby');
  // `role=none` is not believed of what can be focused or is spoken of.
  const matters = (element) => ((element.tabIndex >= 0 || element.hasAttribute('tabindex')) && !element.disabled)
    || element.getAttributeNames().some((key) => key.startsWith('aria-') && key !== 'aria-hidden');
  const fits = (element, token) => {
    if (token === 'form' || token === 'region') return named(element) || element.hasAttribute('title');
    const above = element.parentElement;
    if (token === 'option') return above !== null && above.closest('[role~="listbox" i]') !== null;
    return token !== 'treeitem' || (above !== null && above.closest('[role~="tree" i], [role~="treegrid" i], [role~="group" i]') !== null);
  };
  // `marked`: whether it has attributes at all, where that is known; most elements have none that matter.
  const role = (element, tag, marked = true) => {
    const said = marked ? element.getAttribute('role') : null;
    if (said) {
      for (const token of said.toLowerCase().trim().split(/\s+/)) {
        if (token === 'generic') return '';
        if (token === 'none' || token === 'presentation') {
          if (matters(element)) break;
          return '';
        }
        if ((ROLES.has(token) && fits(element, token)) || /^(doc|graphics)-/.test(token)) return OTHERWISE[token] || token;
      }
    }
    if (tag === 'input') return element.list && !/^(range|color)$/.test(element.type) ? 'combobox' : INPUTS[element.type] || 'textbox';
    if (tag === 'select') return element.multiple || element.size > 1 ? 'listbox' : 'combobox';
    if (tag === 'a') return element.hasAttribute('href') || (element.namespaceURI !== SVG && listens(element)) ? 'link' : edits(element) ? 'textbox' : '';
    if (tag === 'area') return element.hasAttribute('href') ? 'link' : '';
    if (tag === 'img') return element.getAttribute('alt') === '' && !element.hasAttribute('tabindex') ? '' : 'image';
    if (tag === 'section') return named(element) ? 'region' : '';
    if (tag === 'summary') return opener(element) ? 'button' : '';
    if (tag === 'svg') return element.hasAttribute('tabindex') ? 'image' : '';
    if (marked && edits(element)) return 'textbox';
    return Object.hasOwn(IMPLIED, tag) ? IMPLIED[tag] : '';
  };
  const opener = (summary) => {
    const details = summary.parentElement;
    if (!details || details.localName !== 'details') return false;
    for (let child = details.firstElementChild; child; child = child.nextElementSibling) if (child.localName === 'summary') return child === summary;
    return false;
  };

  // Text that style sheets put before or after an element. Only elements that a rule may mean are asked for it; a sheet
  // that cannot be read may mean all of them. Icons of private fonts say nothing.
  const SAYS_NOTHING = /^(none|normal|["'\s\ue000-\uf8ff]*)$/;
  const PSEUDO = /::?(?:before|after)\b/g;
  const SUBJECT = /(?:^|[\s>+~])([^\s>+~]*)$/;
  class Sheets {
    constructor(root) {
      this.counts = Sheets.count(root);
      this.alike = new Map(); // what was found of elements by class and place, until the sheets are others
      this.keys = new Set(['q']); // tag, .class or #id of what a rule with generated text means
      this.rules = ['q'];
      this.unknown = false;
      this.cased = false;
      for (const sheet of Sheets.of(root)) {
        try { this.learn(sheet.cssRules, 0); } catch { this.unknown = true; }
      }
      this.rule = this.rules.join(',');
      try { document.documentElement.matches(this.rule); } catch { this.unknown = true; }
      this.cased = this.cased || this.unknown || root.querySelector('[style*="text-transform" i]') !== null;
    }

    static of(root) { return [...(root.styleSheets || []), ...(root.adoptedStyleSheets || [])]; }

    // Changes when a sheet or a rule comes or goes.
    static count(root) {
      let sum = 0;
      for (const list of [root.styleSheets, root.adoptedStyleSheets]) {
        for (let n = 0; list && n < list.length; n += 1) {
          let rules = -1;
          try { rules = list[n].cssRules.length; } catch { /* of another origin */ }
          sum = (sum * 31 + rules + 2) % 1e9;
        }
      }
      return sum;
    }

    learn(list, depth) {
      for (const rule of list) {
        if (rule.style && rule.style.textTransform) this.cased = true;
        if (rule.selectorText === undefined || (rule.cssRules && rule.cssRules.length)) {
          const inner = rule.styleSheet ? rule.styleSheet.cssRules : rule.cssRules;
          if (inner && (rule.selectorText !== undefined || depth > 8)) this.unknown = this.unknown || rule.cssText.search(PSEUDO) >= 0;
          else if (inner) this.learn(inner, depth + 1);
        } else if (rule.selectorText.search(PSEUDO) >= 0 && !SAYS_NOTHING.test(rule.style.content)) {
          this.add(rule.selectorText.replace(/(^|[\s,>+~(])(?=::?(?:before|after)\b)/g, '$1*').replace(PSEUDO, ''));
        }
      }
    }

    add(selector) {
      this.rules.push(selector);
      for (const one of selector.includes('(') ? ['*'] : selector.split(',')) {
        const [, subject] = one.trim().match(SUBJECT) || [];
        const key = (subject || '').match(/[.#][\w-]+/) || (subject || '').match(/^[a-z][\w-]*/i);
        this.keys.add(key ? key[0] : '*');
      }
    }

    generates(element) {
      if (this.unknown) return this.guess(element);
      const { keys } = this;
      if (keys.size === 1) return element.localName === 'q';
      const may = keys.has('*') || keys.has(element.localName) || (element.id && keys.has(`#${element.id}`));
      if (may) return element.matches(this.rule);
      const { classList } = element;
      for (let n = 0; n < classList.length; n += 1) if (keys.has(`.${classList[n]}`)) return element.matches(this.rule);
      return false;
    }

    // To ask every element would take a quarter of the walk: those of one class in alike places are taken to be alike.
    guess(element) {
      const up = element.parentElement || element;
      const key = `${element.localName} ${element.className} in ${up.localName} ${up.className}`;
      let may = this.alike.get(key);
      if (may === undefined) {
        may = !SAYS_NOTHING.test(getComputedStyle(element, '::before').content) || !SAYS_NOTHING.test(getComputedStyle(element, '::after').content);
        if (this.alike.size > 5000) this.alike.clear();
        this.alike.set(key, may);
      }
      return may;
    }
  }
  const known = new WeakMap(); // by document or shadow root
  let fresh = new Map(); // what of it has been looked at since `afresh`
  const sheetsOf = (root) => {
    let sheets = fresh.get(root);
    if (sheets) return sheets;
    sheets = known.get(root);
    if (!sheets || sheets.counts !== Sheets.count(root)) known.set(root, sheets = new Sheets(root));
    else if (!sheets.cased) sheets.cased = root.querySelector('[style*="text-transform" i]') !== null;
    fresh.set(root, sheets);
    return sheets;
  };
  const QUOTES = { 'open-quote': '\u201c', 'close-quote': '\u201d' };
  const generated = (element, where) => {
    const style = getComputedStyle(element, where);
    const said = style.content;
    if (SAYS_NOTHING.test(said) || style.display === 'none' || style.visibility !== 'visible') return '';
    const spelled = said.includes(' / ') ? said.slice(said.indexOf(' / ') + 3) : said;
    let text = '';
    for (const [part] of spelled.replace(/url\("[^"]*"\)/g, '').matchAll(/"(?:[^"\\]|\\.)*"|open-quote|close-quote/g)) {
      text += QUOTES[part] || part.slice(1, -1).replace(/\\(.)/g, '$1').replace(/[\ue000-\uf8ff]/g, '');
    }
    return style.display === 'inline' ? text : ` ${text} `;
  };
  const CASES = {
    uppercase: (text) => text.toUpperCase(), lowercase: (text) => text.toLowerCase(),
    capitalize: (text) => text.replace(/(^|[^\p{L}\p{N}'’])(\p{L})/gu, (all, before, letter) => before + letter.toUpperCase()),
  };

  // What a field inside of something else says there: its value.
  const holds = (element, tag, what) => {
    if (tag === 'select') return [...element.selectedOptions].map((option) => option.label).join(' ');
    if (tag === 'textarea') return element.value;
    if (tag === 'input') {
      if (/^(checkbox|radio|image|file|hidden|color)$/.test(element.type)) return null;
      if (/^(button|submit|reset)$/.test(element.type)) return null;
      return element.type === 'password' ? '\u2022'.repeat(element.value.length) : element.value;
    }
    if (tag === 'progress' || tag === 'meter') return String(element.value);
    if (VALUED.has(what)) return element.getAttribute('aria-valuetext') || element.getAttribute('aria-valuenow') || '';
    if (what === 'listbox') return [...element.querySelectorAll('[role~="option" i][aria-selected="true" i]')].map((option) => contents(option, LONGEST)).join(' ');
    return null;
  };
  // The words on a button that is an <input>; null for other fields.
  const pressed = (element) => {
    const kind = element.type;
    if (kind === 'image') return element.alt || element.getAttribute('value') || element.title || 'Submit';
    if (kind === 'file') return element.title || (element.multiple ? 'Choose Files' : 'Choose File');
    if (!/^(button|submit|reset)$/.test(kind)) return null;
    const said = element.getAttribute('value');
    return element.value || element.title || (said === null ? { submit: 'Submit', reset: 'Reset' }[kind] || '' : '');
  };
  const drawn = (element) => {
    for (let child = element.firstElementChild; child; child = child.nextElementSibling) if (child.localName === 'title') return child.textContent;
    if (element.localName !== 'use') return '';
    const link = element.getAttribute('href') || element.getAttribute('xlink:href') || '';
    const used = link.startsWith('#') ? element.ownerDocument.getElementById(link.slice(1)) : null;
    return used && used !== element && used.localName !== 'use' ? drawn(used) : '';
  };

  // The text of an element as it would be read aloud, without `except`; hidden parts are left out, unless `all`.
  class Reading {
    constructor(root, sheets, most, except, all) {
      this.root = root;
      this.text = '';
      this.sheets = sheets;
      this.most = 2 * most;
      this.except = except;
      this.all = all;
      this.closed = false;
      this.open = false;
    }

    into(node, depth, style) {
      if (depth > 60) return;
      const { sheets } = this;
      const marks = sheets.generates(node);
      if (marks) this.text += generated(node, '::before');
      const given = node.localName === 'slot' ? node.assignedNodes() : null;
      if (given && given.length) for (const child of given) this.child(child, depth, style);
      else {
        const inner = own.shadow(node);
        if (inner) this.sheets = sheetsOf(inner);
        for (let child = (inner || node).firstChild; child && this.text.length < this.most; child = child.nextSibling) this.child(child, depth, style);
        this.sheets = sheets;
      }
      const owned = node.getAttribute('aria-owns');
      if (owned) for (const id of owned.trim().split(/\s+/)) {
        const other = node.ownerDocument.getElementById(id);
        if (other && !other.contains(node)) this.child(other, depth + 10, style);
      }
      if (marks) this.text += generated(node, '::after');
    }

    child(node, depth, style) {
      if (node.nodeType === 3) this.add(node, style);
      else if (node.nodeType === 1 && node !== this.except) this.element(node, depth);
    }

    // White space that only indents the markup takes no room. Of the root's style, only the case is asked.
    add(node, style) {
      const text = node.data;
      if (!BLACK.test(text)) { this.text += ' '; return; }
      if (style !== null && !this.all && style.visibility !== 'visible') return;
      const cased = this.sheets.cased ? CASES[(style || getComputedStyle(this.root)).textTransform] : undefined;
      this.text += (cased ? cased(text) : text).replace(/\s{2,}/g, ' ');
    }

    element(node, depth) {
      const tag = node.localName;
      if (tag === 'br' || tag === 'wbr') { this.text += ' '; return; }
      if (SILENT.has(tag)) return;
      const marked = node.hasAttributes();
      if (marked && !this.all && hides(node)) return;
      const style = getComputedStyle(node);
      const display = style.display;
      if (display === 'none' && !this.all) return;
      const apart = display === 'inline' || display === 'contents' ? '' : ' ';
      const before = this.text.length;
      const said = marked || SPECIAL.has(tag) || node.namespaceURI === SVG ? this.said(node, tag, style) : null;
      if (said) this.text += ` ${said} `;
      else {
        this.text += apart;
        if (said === null) this.into(node, depth + 1, style);
        this.text += apart;
      }
      if (marked && said === null && node.title && !BLACK.test(this.text.slice(before)) && NAMED_BY_CONTENTS.has(role(node, tag))) this.text += ` ${node.title} `;
    }

    // What names this element itself; null: what stands in it; empty: nothing does.
    said(node, tag, style) {
      const what = node.hasAttribute('role') ? role(node, tag) : '';
      if (what || FIELD_TAGS.has(tag)) {
        const value = holds(node, tag, what);
        if (value !== null) return style.visibility === 'visible' || this.all ? value : '';
      }
      const label = node.getAttribute('aria-label');
      if (label && BLACK.test(label)) return label;
      if (!what && !SPECIAL.has(tag) && node.namespaceURI !== SVG) return null;
      if (tag === 'img') return node.getAttribute('alt') ?? (node.title || '');
      if (tag === 'area') return node.getAttribute('alt') || null;
      if (tag === 'input') return pressed(node) || '';
      if (node.namespaceURI === SVG) {
        const by = tag === 'svg' ? node.getAttribute('aria-labelledby') : '';
        const text = (by && referred(node, by)) || drawn(node).trim() || node.getAttribute('title');
        return text || (what === 'image' ? '' : null);
      }
      if (tag === 'fieldset') {
        const legend = node.querySelector(':scope > legend');
        return legend ? contents(legend, LONGEST) : '';
      }
      const shut = what ? CLOSED.has(what) : CLOSED_TAGS.has(tag) || (tag === 'header' && !node.closest('article, aside, main, nav, section'));
      this.closed = this.closed || shut;
      return shut && !this.open ? '' : null;
    }
  }
  const contents = (root, most, except, all) => {
    const only = root.firstChild;
    const home = root.getRootNode();
    const sheets = sheetsOf(home.nodeType === 1 ? root.ownerDocument : home);
    if (only && !only.nextSibling && only.nodeType === 3 && !own.shadow(root) && !root.hasAttribute('aria-owns') && !sheets.generates(root)) {
      const cased = sheets.cased ? CASES[getComputedStyle(root).textTransform] : undefined;
      return squeeze(cased ? cased(only.data) : only.data, most);
    }
    const reading = new Reading(root, sheets, most, except, all);
    reading.into(root, 0, null);
    const text = squeeze(reading.text, most);
    if (text || !reading.closed) return text;
    const wider = new Reading(root, sheets, most, except, all);
    wider.open = true;
    wider.into(root, 0, null);
    return squeeze(wider.text, most);
  };

  // The names of the elements that these ids stand for, one behind the other. What is hidden itself is read whole.
  // A chain of such references may come back to where it began: a few links are followed.
  let links = 0;
  const referred = (element, by) => {
    if (links > 3) return '';
    links += 1;
    try { return refer(element, by); } finally { links -= 1; }
  };
  const refer = (element, by) => {
    const root = element.getRootNode();
    const text = by.trim().split(/\s+/).map((id) => {
      const other = root.getElementById ? root.getElementById(id) : null;
      if (!other || /^(script|style|template)$/.test(other.localName)) return '';
      const label = other.getAttribute('aria-label');
      if (label && BLACK.test(label)) return label;
      const tag = other.localName;
      const native = holds(other, tag, role(other, tag)) || (tag === 'img' ? other.alt : tag === 'input' ? pressed(other) : tag === 'title' ? other.textContent : '');
      const hidden = !other.checkVisibility(VISIBLE) || other.closest('[aria-hidden="true" i]') !== null;
      return native || contents(other, LONGEST, null, hidden) || other.title || '';
    });
    return squeeze(text.join(' '), LONGEST);
  };
  // A field that is asked for its labels goes through the whole document; here that is done once for all fields.
  const NONE = [];
  let labels = new Map(); // by document or shadow root
  const labelsOf = (element) => {
    if (!element.labels) return NONE; // it cannot have any
    const root = element.getRootNode();
    let held = labels.get(root);
    if (!held) {
      labels.set(root, held = new Map());
      for (const label of root.querySelectorAll('label')) {
        const field = label.control;
        const mine = held.get(field);
        if (mine) mine.push(label);
        else if (field) held.set(field, [label]);
      }
    }
    return held.get(element) || NONE;
  };
  const labelled = (element) => {
    let text = '';
    for (const label of labelsOf(element)) {
      if (!label.checkVisibility(VISIBLE) || label.closest('[aria-hidden="true" i]')) continue;
      text += ` ${label.getAttribute('aria-label') || contents(label, LONGEST, element)}`;
    }
    return squeeze(text, LONGEST);
  };
  const name = (element, tag, what) => {
    const by = element.getAttribute('aria-labelledby');
    if (by) {
      const text = referred(element, by);
      if (text) return text;
    }
    const label = element.getAttribute('aria-label');
    if (label && BLACK.test(label)) return squeeze(label, LONGEST);
    const spoken = labelled(element);
    if (spoken) return spoken;
    if (tag === 'img' || tag === 'area') {
      const alt = element.getAttribute('alt');
      if (alt) return squeeze(alt, LONGEST);
    } else if (tag === 'input') {
      const text = pressed(element);
      if (text !== null) return squeeze(text, LONGEST);
    }
    if (element.namespaceURI === SVG) {
      const text = squeeze(drawn(element), LONGEST);
      if (text) return text;
    }
    if (NAMED_BY_CONTENTS.has(what) && tag !== 'input') {
      const text = contents(element, LONGEST);
      if (text) return text;
    }
    if (tag === 'fieldset' || tag === 'table' || tag === 'figure') {
      const title = element.querySelector(':scope > legend, :scope > caption, :scope > figcaption');
      const text = title ? contents(title, LONGEST) : squeeze(element.getAttribute('summary') || '', LONGEST);
      if (text) return text;
    }
    const hint = element.getAttribute('title') || element.getAttribute('placeholder') || element.getAttribute('aria-placeholder');
    if (hint) return squeeze(hint, LONGEST);
    // Beyond the standard: a bare <label> right before a field names it, as every reader of the page takes it to.
    const previous = CONTROLS.has(what) && element.labels ? element.previousElementSibling : null;
    return previous && previous.localName === 'label' && !previous.control && !previous.htmlFor ? contents(previous, LONGEST) : '';
  };
  // To be called before a page is read: its style sheets and labels may be others by now.
  const afresh = () => { fresh = new Map(); labels = new Map(); };
  own.naming = { role, name, contents, edits, listens, hides, afresh, CONTROLS };
  own.role = (element) => role(element, element.localName);
  // `held`: the page's style sheets are those of the last name; of many names only the first has to look.
  own.name = (element, held) => {
    if (!held) afresh();
    return name(element, element.localName, own.role(element)) || contents(element, 80);
  };
})();
