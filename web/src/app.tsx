import { useEffect, useRef } from "react";
import { EmptyState } from "./components/empty-state";
import { Header } from "./components/header";
import { SearchIcon } from "./components/icons";
import { useI18n } from "./i18n";
import { CameraPage } from "./pages/camera/camera-page";
import { WallPage } from "./pages/wall/wall-page";
import { Link, type Route, routeOf, useAddress } from "./router";
import { useApplyTheme } from "./theme/theme";

export function App() {
  const { t } = useI18n();
  const route = routeOf(useAddress().pathname);
  const main = useRef<HTMLElement>(null);
  useApplyTheme(route.page === "wall");
  useFocusOnNewPage(main, JSON.stringify(route));
  return (
    <div className="app">
      <a className="skip-link" href="#main">
        {t("app.skip")}
      </a>
      <Header isWall={route.page === "wall"} />
      <main id="main" ref={main} tabIndex={-1} className={`page page-${route.page}`}>
        <Page route={route} />
      </main>
    </div>
  );
}

function Page({ route }: { route: Route }) {
  const { t } = useI18n();
  switch (route.page) {
    case "wall":
      return <WallPage />;
    case "camera":
      return <CameraPage key={route.id} id={route.id} />;
    case "unknown":
      return (
        <EmptyState icon={<SearchIcon />} title={t("app.unknown.title")} text={t("app.unknown.text")}>
          <Link className="button" href="/">
            {t("app.unknown.back")}
          </Link>
        </EmptyState>
      );
  }
}

/** After a link was followed, reading goes on in the new page instead of at the old link's place. */
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>, route: string) {
  const last = useRef(route);
  useEffect(() => {
    if (last.current !== route) {
      last.current = route;
      main.current?.focus({ preventScroll: true });
    }
  }, [main, route]);
}
