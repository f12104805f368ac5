/**
 * Imported before uPlot, which formats numbers in the browser's language and does not load where that is no language
 * tag: Chromium in a POSIX locale (containers, kiosks) says `en-US@posix`.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}
