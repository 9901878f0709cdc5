// Arabic.

import type { DinerWords } from "./words.ts";

export const AR: DinerWords = {
  direction: "rtl",
  itself: "العربية",
  order: (label) => `الطلب ${label}`,
  loading: "جارٍ البحث عن طلبك…",
  steps: {
    scheduled: "مجدول", placed: "أُرسل", accepted: "قُبل", preparing: "قيد التحضير", ready: "جاهز", completed: "تم التسليم",
    cancelled: "أُلغي", rejected: "لم يُقبل", failed: "تعذّر تنفيذه",
  },
  headlines: {
    scheduled: "طلبك مجدول", placed: "تم إرسال طلبك", accepted: "طلبك وصل إلى المطبخ", preparing: "طلبك قيد التحضير",
    ready: "طلبك جاهز", completed: "بالهناء والشفاء!", cancelled: "تم إلغاء طلبك", rejected: "تعذّر على المطبخ قبول طلبك",
    failed: "تعذّر تحضير طلبك",
  },
  ready: { fetched: "تفضّل لاستلامه.", served: "في طريقه إليك." },
  ended: "يمكن للعاملين إخبارك بالمزيد.",
  inProgress: "طلبك قيد المتابعة",
  stepsLabel: "مراحل طلبك",
  done: "تم",
  since: (time) => `منذ ${time}`,
  placedAt: (time) => `الساعة ${time}`,
  promised: (time) => `يجهز نحو الساعة ${time}`,
  late: (time) => `كان موعده ${time} ويحتاج وقتاً إضافياً قليلاً. نحن نعمل عليه.`,
  scheduled: (time) => `الموعد ${time}`,
  items: "ما طلبته",
  made: (made, of) => `جاهز ${made} من ${of}`,
  states: { new: "بالانتظار", held: "يأتي لاحقاً", preparing: "قيد التحضير", ready: "جاهز", served: "قُدّم", voided: "أُزيل" },
  lineReady: (name) => `${name}: جاهز`,
  lineStruck: (name) => `${name}: أُزيل من الطلب`,
  phases: { live: "مباشر", resyncing: "جارٍ اللحاق بالتحديثات…", polling: "اتصال بطيء: التحديث كل بضع ثوانٍ", loading: "جارٍ الاتصال…" },
  stale: (time) => `لا أخبار من المطبخ منذ ${time}`,
  offline: "لا يوجد اتصال. آخر تحديث قبل",
  offlineFirst: "لا يوجد اتصال. يظهر طلبك حالما يعود.",
  age: (seconds) => (seconds < 60 ? ` ${seconds} ث.` : ` ${Math.floor(seconds / 60)} د.`),
  trouble: {
    expired: { title: "انتهت صلاحية هذا الرابط", what: "روابط الطلبات صالحة لفترة محدودة. اطلب رابطاً جديداً من المكان أو اسأل عن طلبك." },
    refused: { title: "هذا الرابط لا يعمل", what: "ربما لم يُنسخ كاملاً. افتحه مرة أخرى من حيث وصلك أو اسأل المكان." },
    missing: { title: "هذا الطلب لم يعد هنا", what: "ربما مضى عليه وقت طويل. اسأل المكان إن احتجت إلى معرفة المزيد." },
    noLink: { title: "تابع طلبك", what: "افتح الرابط أو امسح الرمز الذي وصلك مع طلبك: سيقودك إلى هنا." },
  },
  language: "اللغة",
};
