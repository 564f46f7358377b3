import type { Me } from "../api/types";
import { useI18n } from "../i18n";
import { adminPath, Link, type Route } from "../router";
import { sectionsOf } from "../session/login";
import { chooseTheme, THEMES, type Theme, useTheme } from "../theme/theme";
import { AutoIcon, LogoIcon, MoonIcon, SunIcon } from "./icons";
import { useNow } from "./use-now";
import { UserMenu } from "./user-menu";

export function Header({ page, me }: { page: Route["page"]; me: Me | null }) {
  const { t } = useI18n();
  return (
    <header className="header">
      <Link className="brand" href="/" aria-label={t("app.home")}>
        <LogoIcon />
        <bdi lang="en" translate="no">
          {t("app.name")}
        </bdi>
      </Link>
      {me !== null && <Pages page={page} me={me} />}
      <div className="header-end">
        <Clock />
        <LanguageSwitch />
        <ThemeSwitch />
        {me !== null && <UserMenu me={me} />}
      </div>
    </header>
  );
}

function Pages({ page, me }: { page: Route["page"]; me: Me }) {
  const { t } = useI18n();
  const [first] = sectionsOf(me);
  return (
    <nav className="nav" aria-label={t("nav.label")}>
      <Link className="nav-link" href="/" aria-current={page === "wall" ? "page" : undefined}>
        {t("nav.wall")}
      </Link>
      {first !== undefined && (
        <Link
          className="nav-link nav-admin"
          href={adminPath(first)}
          aria-current={page === "admin" ? "true" : undefined}
        >
          {t("nav.admin")}
        </Link>
      )}
    </nav>
  );
}

function Clock() {
  const { t, format } = useI18n();
  const now = useNow(1_000);
  return (
    <time className="header-clock" dateTime={new Date(now).toISOString()} title={t("app.clock")}>
      <span className="header-date">{format.date(now)}</span>
      <span className="digits">{format.time(now)}</span>
      <bdi className="muted">{format.zone()}</bdi>
    </time>
  );
}

function LanguageSwitch() {
  const { t, language, choose } = useI18n();
  const other = language === "ar" ? "en" : "ar";
  return (
    <button type="button" className="button quiet" lang={other} onClick={() => choose(other)}>
      {t("language.other")}
    </button>
  );
}

const THEME_ICONS: Record<Theme, () => React.JSX.Element> = {
  auto: AutoIcon,
  dark: MoonIcon,
  light: SunIcon,
};

function ThemeSwitch() {
  const { t } = useI18n();
  const theme = useTheme();
  const ThemeIcon = THEME_ICONS[theme];
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  const label = t("theme.label", { theme: t(`theme.${theme}`) });
  return (
    <button
      type="button"
      className="button quiet icon-only"
      aria-label={label}
      title={label}
      onClick={() => chooseTheme(next)}
    >
      <ThemeIcon />
    </button>
  );
}
