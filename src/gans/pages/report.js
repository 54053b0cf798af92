// Sorts the leaderboard by the column whose heading is chosen: best first, then the other way round.
const board = document.getElementById("leaderboard");
const body = board.tBodies[0];

function sortBy(head, direction) {
  const place = head.cellIndex;
  const value = (row) => row.cells[place].dataset.value;
  const rows = [...body.rows].sort((a, b) => {
    if (value(a) === "" || value(b) === "") return (value(a) === "") - (value(b) === "");
    return direction * (Number(value(a)) - Number(value(b)));
  });
  body.append(...rows);
  for (const other of board.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
}

for (const button of board.tHead.querySelectorAll("button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const best = button.dataset.better === "lower" ? 1 : -1;
    const before = head.getAttribute("aria-sort");
    sortBy(head, before === (best > 0 ? "ascending" : "descending") ? -best : best);
  });
}

// Enlarges a picture that is chosen; a thumbnail, to the grid whose first images it shows.
const enlarged = document.querySelector("dialog");

function enlarge(picture) {
  const copy = picture.cloneNode();
  copy.style.setProperty("--across", picture.getAttribute("width") / picture.getAttribute("height"));
  copy.removeAttribute("role");
  copy.removeAttribute("tabindex");
  if (picture.closest(".plot")) copy.className = "plot";
  enlarged.replaceChildren(copy);
  enlarged.showModal();
}

enlarged.addEventListener("click", () => enlarged.close());
for (const picture of document.querySelectorAll("figure img")) {
  picture.tabIndex = 0;
  picture.setAttribute("role", "button");
  picture.addEventListener("click", () => enlarge(picture));
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Enter") enlarge(picture);
  });
}
for (const link of document.querySelectorAll("[data-enlarge]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    enlarge(document.querySelector(`#${link.dataset.enlarge} ~ .pictures img`));
  });
}
