import { useEffect, useRef } from "react";
import type { Problem } from "./api/problem";
import type { Me } from "./api/types";
import { EmptyState } from "./components/empty-state";
import { Header } from "./components/header";
import { SearchIcon } from "./components/icons";
import { ProblemNotice } from "./components/problem-notice";
import { useI18n } from "./i18n";
import { AccountPage } from "./pages/account/account-page";
import { AdminPage } from "./pages/admin/admin-page";
import { CameraPage } from "./pages/camera/camera-page";
import { ConnectPage } from "./pages/connect/connect-page";
import { LoginPage } from "./pages/login/login-page";
import { WallPage } from "./pages/wall/wall-page";
import { go, Link, type Route, routeOf, useAddress } from "./router";
import { loginPath } from "./session/login";
import { askWho, type Session, useSession, watchSession } from "./session/session";
import { useApplyTheme } from "./theme/theme";

export function App() {
  const { t } = useI18n();
  const route = routeOf(useAddress().pathname);
  const session = useSession();
  const main = useRef<HTMLElement>(null);
  useEffect(watchSession, []);
  useApplyTheme(route.page === "wall");
  useFocusOnNewPage(main, JSON.stringify(route));
  return (
    <div className="app">
      <a className="skip-link" href="#main">
        {t("app.skip")}
      </a>
      <Header page={route.page} me={session.state === "in" ? session.me : null} />
      <main id="main" ref={main} tabIndex={-1} className={`page page-${route.page}`}>
        <Guarded route={route} session={session} />
      </main>
    </div>
  );
}

/** A page, or what comes before it: finding out who is there, and the login. */
function Guarded({ route, session }: { route: Route; session: Session }) {
  switch (session.state) {
    case "asking":
      return <Waiting />;
    case "unknown":
      return <Unreachable problem={session.problem} />;
    case "out":
      return route.page === "login" ? <LoginPage session={session} /> : <ToLogin />;
    case "in": {
      const isLogin = route.page === "login" || session.me.must_change_password;
      return isLogin ? <LoginPage session={session} /> : <Page route={route} me={session.me} />;
    }
  }
}

function Page({ route, me }: { route: Route; me: Me }) {
  const { t } = useI18n();
  switch (route.page) {
    case "wall":
      return <WallPage />;
    case "camera":
      return <CameraPage key={route.id} id={route.id} me={me} />;
    case "connect":
      return <ConnectPage key={route.id} id={route.id} />;
    case "account":
      return <AccountPage me={me} />;
    case "admin":
      return <AdminPage me={me} section={route.section} />;
    default:
      return (
        <EmptyState icon={<SearchIcon />} title={t("app.unknown.title")} text={t("app.unknown.text")}>
          <Link className="button" href="/">
            {t("app.unknown.back")}
          </Link>
        </EmptyState>
      );
  }
}

function Waiting() {
  return (
    <div className="empty">
      <span className="spinner" aria-hidden="true" />
    </div>
  );
}

const RETRY_MS = 3_000;

/** Nothing can be shown before it is known who is there: it is tried again and again. */
function Unreachable({ problem }: { problem: Problem }) {
  useEffect(() => {
    const timer = setInterval(() => void askWho(), RETRY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="page-notice">
      <ProblemNotice problem={problem} retry={() => void askWho()} />
    </div>
  );
}

/** Leads to the login, and keeps the address to come back to. */
function ToLogin() {
  useEffect(() => go(loginPath(new URL(location.href)), "replace"), []);
  return <Waiting />;
}

/** After a link was followed, reading goes on in the new page instead of at the old link's place. */
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>, route: string) {
  const last = useRef(route);
  useEffect(() => {
    if (last.current !== route) {
      last.current = route;
      // A page may have put the focus where it is of use.
      if (main.current?.contains(document.activeElement) !== true) {
        main.current?.focus({ preventScroll: true });
      }
    }
  }, [main, route]);
}
