// The frame around all pages: where one is, language and colours.
import { useEffect, useState } from "react";
import { Empty } from "./components/Failure";
import { Link } from "./components/Link";
import { useI18n } from "./i18n";
import { CameraPage } from "./pages/camera/CameraPage";
import { Wall } from "./pages/wall/Wall";

type Theme = "dark" | "light";
const STORED = "vedette.theme";

export function App() {
  const { t, language, setLanguage } = useI18n();
  const path = usePath();
  const [theme, setTheme] = useState<Theme>(() =>
    localStorage.getItem(STORED) === "light" ? "light" : "dark",
  );
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(STORED, theme);
  }, [theme]);
  const other = language === "ar" ? "en" : "ar";
  return (
    <>
      <a className="skip" href="#content">
        {t("nav.skip")}
      </a>
      <header>
        <Link to="/" className="brand">
          <img src="/icon.svg" alt="" width="22" height="22" />
          {t("app.name")}
        </Link>
        <nav>
          <Link to="/">{t("nav.wall")}</Link>
        </nav>
        <span className="grow" />
        <button
          aria-label={t("nav.themeLabel")}
          onClick={() => setTheme(theme === "dark" ? "light" : "dark")}
        >
          {t(theme === "dark" ? "nav.theme.light" : "nav.theme.dark")}
        </button>
        <button lang={other} aria-label={t("nav.languageLabel")} onClick={() => setLanguage(other)}>
          {t("nav.language")}
        </button>
      </header>
      <main id="content" tabIndex={-1}>
        <Page path={path} />
      </main>
    </>
  );
}

function Page({ path }: { path: string }) {
  const { t } = useI18n();
  const camera = /^\/cameras\/([^/]+)\/?$/.exec(path)?.[1];
  if (camera) return <CameraPage key={camera} id={decodeURIComponent(camera)} />;
  if (path === "/") return <Wall />;
  return <Empty title={t("notfound.title")} />;
}

function usePath(): string {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const change = () => setPath(location.pathname);
    window.addEventListener("popstate", change);
    return () => window.removeEventListener("popstate", change);
  }, []);
  return path;
}
