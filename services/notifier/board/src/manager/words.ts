// The words of the manager's page beside the board's, in each language.

import type { Language } from "../language.ts";

export interface ManagerWords {
  title: string;
  entry: string;
  noToken: string;
  open: string;
  late: string;
  noneLate: string;
  moreLate(count: number): string;
  overdue(minutes: number): string;
  stays(minutes: number): string;
  venues: string;
  venue: string;
  oldest: string;
  noVenues: string;
  charts: string;
  chartsOf(venue: string): string;
  boardOf(venue: string): string;
  lateNow(count: number): string;
  noData: string;
}

const EN: ManagerWords = {
  title: "Live overview",
  entry: "Show an organization’s venues",
  noToken: "That is no token: paste it whole.",
  open: "Open",
  late: "Late",
  noneLate: "Nothing is late.",
  moreLate: (count) => `and ${count} more`,
  overdue: (minutes) => `${minutes} min past the promised time`,
  stays: (minutes) => `for ${minutes} min`,
  venues: "Venues",
  venue: "Venue",
  oldest: "Oldest",
  noVenues: "No venue has had orders yet.",
  charts: "Reports and charts",
  chartsOf: (venue) => `Reports of ${venue}`,
  boardOf: (venue) => `Board of ${venue}`,
  lateNow: (count) => (count === 1 ? "1 order is late" : `${count} orders are late`),
  noData: "The venues appear here as soon as there is a connection.",
};

const AR: ManagerWords = {
  title: "نظرة مباشرة",
  entry: "عرض مواقع المؤسسة",
  noToken: "هذا ليس رمزاً: الصقه كاملاً.",
  open: "مفتوحة",
  late: "متأخرة",
  noneLate: "لا شيء متأخر.",
  moreLate: (count) => `و${count} أخرى`,
  overdue: (minutes) => `تجاوز الموعد بـ ${minutes} د`,
  stays: (minutes) => `منذ ${minutes} د`,
  venues: "المواقع",
  venue: "الموقع",
  oldest: "الأقدم",
  noVenues: "لم تصل طلبات إلى أي موقع بعد.",
  charts: "التقارير والرسوم",
  chartsOf: (venue) => `تقارير ${venue}`,
  boardOf: (venue) => `لوحة ${venue}`,
  lateNow: (count) => `طلبات متأخرة: ${count}`,
  noData: "تظهر المواقع هنا حالما يعود الاتصال.",
};

export const managerWordsOf = (language: Language): ManagerWords => ({ en: EN, ar: AR })[language];
