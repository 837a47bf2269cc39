// Sets the colours before anything is painted; a person's own choice comes first.
;(function () {
  var kept = null
  try { kept = localStorage.getItem('drover-theme') } catch (e) { /* no storage: as the browser says */ }
  var dark = kept ? kept === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
