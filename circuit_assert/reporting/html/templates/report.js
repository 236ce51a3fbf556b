"use strict";
(() => {
  const cards = [...document.querySelectorAll("details.claim")];
  const texts = cards.map((card) =>
    [card.querySelector("summary").textContent, ...Object.values(card.dataset),
      ...[...card.querySelectorAll("code, .reason")].map((each) => each.textContent)]
      .join(" ").toLowerCase());
  const filter = document.querySelector(".filter");
  const search = document.getElementById("text");
  const choices = [...filter.querySelectorAll("select")];
  const said = document.getElementById("shown");

  const has = (card, { value, dataset }) => {  // a claim may be in several suites
    const own = card.dataset[dataset.by];
    return !value || own === value || own.split("::").includes(value);
  };
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    cards.forEach((card, place) => {
      const fits = choices.every((each) => has(card, each))
        && words.every((word) => texts[place].includes(word));
      card.hidden = !fits;
      shown += fits;
    });
    document.querySelectorAll("section.group").forEach((group) => {
      group.hidden = !group.querySelector("details.claim:not([hidden])");
    });
    said.textContent = `${shown} of ${cards.length} claims shown`;
  };
  const setOpen = (open) => () => cards.forEach((card) => { if (!card.hidden || !open) card.open = open; });
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const card = target && target.closest("details.claim");
    if (!card) return;
    if (card.hidden) reset();
    card.open = true;
    card.scrollIntoView();
  };
  const reset = () => {
    search.value = "";
    choices.forEach((each) => { each.value = ""; });
    apply();
  };

  filter.hidden = false;
  search.addEventListener("input", apply);
  choices.forEach((each) => each.addEventListener("change", apply));
  document.getElementById("open").addEventListener("click", setOpen(true));
  document.getElementById("close").addEventListener("click", setOpen(false));
  document.getElementById("reset").addEventListener("click", reset);
  addEventListener("hashchange", reveal);
  apply();
  reveal();
})();
