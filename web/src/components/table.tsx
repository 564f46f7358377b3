import type { ReactNode } from "react";

interface TableProps {
  /** What is listed, for those who do not see it. */
  caption: string;
  columns: readonly string[];
  isBusy: boolean;
  children: ReactNode;
}

/** A table; on narrow screens each row is a card. */
export function Table({ caption, columns, isBusy, children }: TableProps) {
  return (
    <table className="table" aria-busy={isBusy}>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

interface CellProps {
  label: string;
  /** There is nothing to say. */
  isEmpty?: boolean;
  children: ReactNode;
}

/** One value of a row; the label stands beside it where the table's head cannot be seen. */
export function Cell({ label, isEmpty = false, children }: CellProps) {
  return (
    <td data-label={label} className={isEmpty ? "cell-empty" : undefined}>
      <div className="cell">{isEmpty ? "–" : children}</div>
    </td>
  );
}

/** What can be done with a row. */
export function Actions({ children }: { children: ReactNode }) {
  return (
    <td className="table-actions">
      <div>{children}</div>
    </td>
  );
}
