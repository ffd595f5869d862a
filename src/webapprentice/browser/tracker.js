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
  const TIMERS = 0; // places of what is counted: timers, intervals, frames, requests
  const FRAMES = 2;
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

  // What was pending before the action (an endless animation, a poll) is not waited for afterwards, nor what takes its
  // place, one for one. What ends with nothing in its place leaves none: the next one is of the action's doing.
  let old = { timers: new Set(), frames: new Set() };
  let started = 0;
  own.mark = () => {
    old = { timers: new Set(timers), frames: new Set(frames) };
    for (let n = 0; n < window.length && n < 20; n += 1) {
      try { window[n].__apprentice.mark(); } catch { /* foreign */ }
    }
  };
  own.spend = (kind) => {
    before[kind] = Math.max(0, before[kind] - 1);
    if (window.parent !== window) { try { window.parent.__apprentice.spend(kind); } catch { /* foreign */ } }
  };
  const carry = (set, mine, kind, id, task) => {
    const was = mine.delete(id);
    const count = started;
    try { task(); } finally {
      if (was && started === count) own.spend(kind);
      done(set, id);
    }
  };
  // One that is put off, as a search is while somebody types, was begun anew by the action. Animations are as well, and
  // they do not end.
  const drop = (id) => {
    if (old.timers.delete(id)) own.spend(TIMERS);
    done(timers, id);
    done(intervals, id);
  };

  window.setTimeout = function setTimeout(task, delay, ...args) {
    started += 1;
    if (typeof task !== 'function' || delay > SOON) return later(task, delay, ...args);
    const id = later(() => carry(timers, old.timers, TIMERS, id, () => task.apply(window, args)), delay);
    timers.add(id);
    return id;
  };
  window.setInterval = function setInterval(task, period, ...args) {
    started += 1;
    const id = every(task, period, ...args);
    if (typeof task === 'function' && !(period > QUICK)) intervals.add(id);
    return id;
  };
  window.clearTimeout = function clearTimeout(id) { forget(id); drop(id); };
  window.clearInterval = function clearInterval(id) { stop(id); drop(id); };
  window.requestAnimationFrame = function requestAnimationFrame(task) {
    started += 1;
    const id = frame((now) => carry(frames, old.frames, FRAMES, id, () => task.call(window, now)));
    frames.add(id);
    return id;
  };
  window.cancelAnimationFrame = function cancelAnimationFrame(id) { unframe(id); done(frames, id); };

  const answered = () => { requests -= 1; changed(); };
  if (window.fetch) {
    const ask = window.fetch.bind(window);
    window.fetch = function fetch(...args) {
      requests += 1;
      started += 1;
      const reply = ask(...args);
      reply.then(answered, answered);
      return reply;
    };
  }
  // A reply is there before its body is.
  for (const kind of ['text', 'json', 'blob', 'arrayBuffer', 'formData']) {
    const read = Response.prototype[kind];
    Response.prototype[kind] = function (...args) {
      requests += 1;
      started += 1;
      const body = read.apply(this, args);
      body.then(answered, answered);
      return body;
    };
  }
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...args) {
    requests += 1;
    started += 1;
    listen.call(this, 'loadend', answered, { once: true });
    try { return send.apply(this, args); } catch (error) { answered(); throw error; }
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
  const TURNED = 3; // frames
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
    return next(TURNED);
  });

  const since = () => { before = own.pending(); own.mark(); };
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

  // Resolves once the page is quiet: whatever started since `begin` has ended, and one more task has run.
  own.settle = (cap) => (still() ? Promise.resolve(false) : settled(cap));
  const settled = (cap) => new Promise((resolve) => {
    const end = (quiet) => {
      look = null;
      own.rested();
      forget(limit);
      if (!quiet) since(); // it never ends: the next look does not wait for it once more
      resolve(quiet);
    };
    const limit = later(() => end(false), cap);
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
    const busy = () => leaving || document.readyState === 'loading' || unloaded() || own.pending().some((count, kind) => count > before[kind]);
    const again = () => {
      if (busy()) look = () => { look = null; macrotask(again); };
      else end(true);
    };
    if (document.readyState === 'loading') listen.call(document, 'DOMContentLoaded', changed, { once: true });
    macrotask(again);
  });
})();
