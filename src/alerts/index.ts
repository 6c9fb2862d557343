export { CanaryPatterns, CanaryStream } from './canaries.ts';
export { SpelledCanaries, spellingsOf } from './canary-spellings.ts';
export { ALERT_RULE_PREFIX, type AlertCircumstances, Alerts } from './service.ts';
