// Runs in every document before its own scripts: remembers which elements listen for presses, and knows when the
// page has finished reacting to an action. Everything hangs on `window.__apprentice`, which pages cannot replace.
(() => {
  if (window.__apprentice) return;
  const own = {};
  Object.defineProperty(window, '__apprentice', { value: own });

  const PRESSES = new Set(['click', 'dblclick', 'mousedown', 'mouseup', 'pointerdown', 'pointerup']);
  const listening = new WeakSet();
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function addEventListener(type, listener, options) {
    // html, body, document and window hear every press by delegation: that says nothing about the element.
    if (listener && PRESSES.has(type) && this instanceof Element && !/^(html|body)$/.test(this.localName)) {
      listening.add(this);
    }
    return listen.call(this, type, listener, options);
  };
  own.listens = (element) => listening.has(element);

  // Closed shadow roots are read like open ones; for the page they stay closed.
  const closed = new WeakMap();
  let shut = false; // there is one
  const attach = Element.prototype.attachShadow;
  own.keep = (host, root) => {
    closed.set(host, root);
    shut = true;
    if (window.parent !== window) { try { window.parent.__apprentice.keep(host, root); } catch { /* another origin reads itself */ } }
  };
  Element.prototype.attachShadow = function attachShadow(...args) {
    const root = attach.apply(this, args);
    if (root.mode === 'closed') own.keep(this, root);
    return root;
  };
  own.shadow = (element) => element.shadowRoot || (shut && closed.get(element)) || null;

  const SOON = 500; // ms; a longer one-shot timer is the page's own business and nobody waits for it
  const QUICK = 50; // ms; a faster interval is an animation
  const later = window.setTimeout.bind(window);
  const forget = window.clearTimeout.bind(window);
  const every = window.setInterval.bind(window);
  const stop = window.clearInterval.bind(window);
  own.clock = { later, forget }; // for what of ours must not count as the page's doing
  const frame = window.requestAnimationFrame.bind(window);
  const unframe = window.cancelAnimationFrame.bind(window);
  const timers = new Set();
  const intervals = new Set();
  const frames = new Set();
  let requests = 0;
  let before = [0, 0, 0, 0];
  let look = null;

  const changed = () => {
    if (look) look();
    else if (window.parent !== window) {
      try { window.parent.__apprentice.changed(); } catch { /* another origin: its page does not wait for us */ }
    }
  };
  own.changed = changed;
  const done = (set, id) => { if (set.delete(id)) changed(); };

  // What an action's input begins, and what that begins in turn, is waited for by itself: of the rest only the number
  // matters, as an animation or a poll that was there before begins itself anew for ever.
  const due = new Set(); // keys of what is pending
  let heir = false; // what is begun now is the action's doing
  const turn = new MessageChannel();
  turn.port1.onmessage = () => { heir = false; };
  const inherit = (yes) => {
    if (yes && !heir) turn.port2.postMessage(0); // also for what promises do before the next task
    heir = yes;
  };
  for (const kind of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'dblclick', 'contextmenu', 'keydown',
    'keypress', 'beforeinput', 'input', 'keyup', 'change', 'submit', 'drop', 'paste', 'focusin', 'focusout']) {
    listen.call(window, kind, (event) => { if (event.isTrusted) inherit(true); }, { capture: true, passive: true });
  }
  const begun = (key) => { if (heir) due.add(key); };
  const over = (key) => inherit(due.delete(key));
  const carry = (set, key, id, run) => {
    over(key);
    try { run(); } finally { done(set, id); }
  };
  const drop = (id) => {
    due.delete(`t${id}`);
    done(timers, id);
    done(intervals, id);
  };

  window.setTimeout = function setTimeout(task, delay, ...args) {
    if (typeof task !== 'function' || delay > SOON) return later(task, delay, ...args);
    const id = later(() => carry(timers, `t${id}`, id, () => task.apply(window, args)), delay);
    timers.add(id);
    begun(`t${id}`);
    return id;
  };
  window.setInterval = function setInterval(task, period, ...args) {
    const id = every(task, period, ...args);
    if (typeof task === 'function' && !(period > QUICK)) {
      intervals.add(id);
      begun(`t${id}`);
    }
    return id;
  };
  window.clearTimeout = function clearTimeout(id) { forget(id); drop(id); };
  window.clearInterval = function clearInterval(id) { stop(id); drop(id); };
  window.requestAnimationFrame = function requestAnimationFrame(task) {
    const id = frame((now) => carry(frames, `f${id}`, id, () => task.call(window, now)));
    frames.add(id);
    begun(`f${id}`);
    return id;
  };
  window.cancelAnimationFrame = function cancelAnimationFrame(id) { unframe(id); due.delete(`f${id}`); done(frames, id); };

  const request = () => {
    const key = {};
    requests += 1;
    begun(key);
    return { key, answered: () => { requests -= 1; over(key); changed(); } };
  };
  if (window.fetch) {
    const ask = window.fetch.bind(window);
    window.fetch = function fetch(...args) {
      const { answered } = request();
      const reply = ask(...args);
      reply.then(answered, answered);
      return reply;
    };
  }
  // A reply is there before its body is.
  for (const kind of ['text', 'json', 'blob', 'arrayBuffer', 'formData']) {
    const read = Response.prototype[kind];
    Response.prototype[kind] = function (...args) {
      const { answered } = request();
      const body = read.apply(this, args);
      body.then(answered, answered);
      return body;
    };
  }
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...args) {
    const { key, answered } = request();
    // Before the page's own listeners hear of it.
    listen.call(this, 'readystatechange', () => inherit(due.has(key)), { capture: true });
    listen.call(this, 'loadend', answered, { once: true });
    try { return send.apply(this, args); } catch (error) { answered(); throw error; }
  };

  own.awaited = () => {
    if (due.size) return true;
    for (let n = 0; n < window.length && n < 20; n += 1) {
      try { if (window[n].__apprentice.awaited()) return true; } catch { /* foreign */ }
    }
    return false;
  };
  own.forgive = () => {
    due.clear();
    heir = false;
    for (let n = 0; n < window.length && n < 20; n += 1) {
      try { window[n].__apprentice.forgive(); } catch { /* foreign */ }
    }
  };
  own.pending = () => {
    const sum = [timers.size, intervals.size, frames.size, requests];
    for (let n = 0; n < window.length && n < 20; n += 1) {
      try { window[n].__apprentice.pending().forEach((count, kind) => { sum[kind] += count; }); } catch { /* foreign */ }
    }
    return sum;
  };
  // Windows that were asked for since the action began: their tabs are on their way.
  let opened = 0;
  own.opened = () => opened;
  const open = window.open;
  window.open = function (...args) {
    const view = open.apply(window, args);
    if (view && view !== window && !/^_(self|parent|top)$/.test(args[1] || '')) own.opening();
    return view;
  };
  own.opening = () => {
    opened += 1;
    if (window.parent !== window) { try { window.parent.__apprentice.opening(); } catch { /* foreign */ } }
  };
  listen.call(window, 'click', (event) => {
    const link = event.composedPath().find((node) => node.localName === 'a' && node.href);
    if (link && !event.defaultPrevented && (link.target === '_blank' || event.ctrlKey || event.metaKey)) own.opening();
  });

  // Whether the pointer has come here since the last time this was asked.
  let pointed = false;
  own.point = () => {
    pointed = true;
    if (window.parent !== window) { try { window.parent.__apprentice.point(); } catch { /* foreign */ } }
  };
  listen.call(window, 'mousemove', () => own.point(), { capture: true, passive: true });
  own.pointed = () => { const was = pointed; pointed = false; return was; };

  // The browser answers for a turn of the wheel before the page has moved. It moves with one of the next frames; where
  // nothing can scroll no event ever comes, so three frames without one are an answer too.
  const FRAMES = 3;
  const DRAWN = 300; // ms; a page that draws no frames is not waited for any longer
  let scrolled = false;
  let moved = null;
  listen.call(window, 'scroll', () => { scrolled = true; if (moved) moved(); }, { capture: true, passive: true });
  // `shown`: an element was scrolled into view for this, so that an event may be about that.
  own.turned = (shown) => new Promise((resolve) => {
    const end = () => { moved = null; forget(limit); resolve(); };
    const limit = later(end, DRAWN);
    const next = (left) => { if (left) frame(() => next(left - 1)); else end(); };
    if (!shown && scrolled) return end();
    if (!shown) moved = end;
    return next(FRAMES);
  });

  const since = () => { before = own.pending(); own.forgive(); };
  own.begin = () => { since(); opened = 0; scrolled = false; own.acted(); own.unaim(); };

  // An action that has asked for another document has it soon, or not at all: the answer may be a file, or nothing. A
  // page that leaves by itself is not waited for: it may do so again and again.
  const LEAVING = 1500; // ms
  let leaving = 0;
  const asked = () => {
    forget(leaving);
    leaving = later(() => { leaving = 0; changed(); }, LEAVING);
  };
  own.acted = () => listen.call(window, 'beforeunload', asked);
  own.rested = () => window.removeEventListener('beforeunload', asked);

  const ring = new MessageChannel();
  let afterwards = null;
  ring.port1.onmessage = () => { const next = afterwards; afterwards = null; if (next) next(); };
  const macrotask = (next) => { afterwards = next; ring.port2.postMessage(0); };

  // In a document whose scripts may not run (Content-Security-Policy: sandbox) no timer fires: nothing can be waited for.
  let ticks = false;
  const born = performance.now(); // its own zero is when the document was asked for
  later(() => { ticks = true; }, 0);
  const mute = () => { const probe = document.createElement('i'); probe.setAttribute('onclick', '0'); return probe.onclick === null; };
  const still = () => !ticks && (performance.now() - born > 500 || mute());

  // Resolves once the page is quiet: whatever started since `begin` has ended, and one more task has run. Gives null to
  // whoever is overtaken by another one who asks.
  own.settle = (cap) => (still() ? Promise.resolve(false) : settled(cap));
  let supersede = null; // whoever waited for this page before, and has been given up since
  const settled = (cap) => new Promise((resolve) => {
    if (supersede) supersede();
    const end = (quiet) => {
      supersede = null;
      look = null;
      own.rested();
      forget(limit);
      if (!quiet) since(); // it never ends: the next look does not wait for it once more
      resolve(quiet);
    };
    const limit = later(() => end(false), cap);
    supersede = () => { forget(limit); resolve(null); };
    const seen = new WeakSet();
    const unloaded = () => {
      // An image that arrives late moves what stands beside it.
      for (const image of document.images) {
        if (image.complete || image.loading === 'lazy') continue;
        if (!seen.has(image)) ['load', 'error'].forEach((kind) => listen.call(image, kind, changed, { once: true }));
        seen.add(image);
        return true;
      }
      return false;
    };
    const busy = () => leaving || document.readyState === 'loading' || unloaded() || own.awaited() || own.pending().some((count, kind) => count > before[kind]);
    const again = () => {
      if (busy()) look = () => { look = null; macrotask(again); };
      else end(true);
    };
    if (document.readyState === 'loading') listen.call(document, 'DOMContentLoaded', changed, { once: true });
    macrotask(again);
  });
})();
