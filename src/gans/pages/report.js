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
