import type { CSSProperties, KeyboardEvent } from "react";
import type { Camera } from "../../api/types";
import { useI18n } from "../../i18n";
import { neighbour } from "./layout";
import { Tile } from "./tile";

interface Props {
  cameras: Camera[];
  columns: number;
  rows: number;
}

/** The tiles. Tab walks through them; arrow keys go to the neighbour that one sees. */
export function Grid({ cameras, columns, rows }: Props) {
  const { t, dir } = useI18n();
  const walk = (event: KeyboardEvent<HTMLUListElement>) => {
    const tiles = [...event.currentTarget.querySelectorAll<HTMLElement>(".tile")];
    const index = tiles.indexOf(document.activeElement as HTMLElement);
    const seen = columnsOf(event.currentTarget) ?? columns;
    const next = neighbour(index, event.key, { columns: seen, count: tiles.length, isRtl: dir === "rtl" });
    if (index >= 0 && next !== null) {
      event.preventDefault();
      tiles[next]?.focus();
    }
  };
  return (
    <ul
      className="grid"
      style={{ "--columns": columns, "--rows": rows } as CSSProperties}
      aria-label={t("wall.cameras")}
      onKeyDown={walk}
    >
      {cameras.map((camera) => (
        <li key={camera.id}>
          <Tile camera={camera} />
        </li>
      ))}
    </ul>
  );
}

/** On narrow screens there are fewer columns than the layout has. */
function columnsOf(grid: HTMLElement): number | null {
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  return columns > 0 ? columns : null;
}
