export const LAYOUTS = [1, 4, 9, 16] as const;

export type Layout = (typeof LAYOUTS)[number];

export function isLayout(value: number): value is Layout {
  return LAYOUTS.includes(value as Layout);
}

/** The smallest layout that shows all cameras at once, else the largest. */
export function fittingLayout(cameras: number): Layout {
  return LAYOUTS.find((layout) => layout >= cameras) ?? 16;
}

export function pageCount(cameras: number, layout: Layout): number {
  return Math.max(1, Math.ceil(cameras / layout));
}

/** A page that exists, from what the address says. */
export function pageWithin(wanted: string | null, pages: number): number {
  const page = Number.parseInt(wanted ?? "1", 10);
  return Number.isNaN(page) ? 1 : Math.min(Math.max(page, 1), pages);
}

/** Rows and columns that fill a wall of this shape with the least unused room. */
export function gridOf(layout: Layout, cameras: number): { columns: number; rows: number } {
  const columns = Math.sqrt(layout);
  // A last row that nobody needs is room for the others.
  const rows = Math.max(1, Math.min(columns, Math.ceil(cameras / columns)));
  return { columns, rows };
}

/** The tile that an arrow key leads to; null at an edge. */
export function neighbour(
  index: number,
  key: string,
  { columns, count, isRtl }: { columns: number; count: number; isRtl: boolean },
): number | null {
  const ahead = isRtl ? -1 : 1;
  const steps: Record<string, number> = {
    ArrowRight: ahead,
    ArrowLeft: -ahead,
    ArrowDown: columns,
    ArrowUp: -columns,
  };
  const step = steps[key];
  if (step === undefined) {
    return null;
  }
  const next = index + step;
  return next >= 0 && next < count ? next : null;
}
