export { type ApprovalAsk, reasonIn } from './ask.ts';
export { type AskedRequest, requestLine, type ShownRequest } from './asked-request.ts';
export {
  cancelledDenial,
  heldNotice,
  pendingDenial,
  reasonMissing,
  settledDenial,
  tooManyOpen,
} from './denials.ts';
export { Approvals, type ApprovalsOptions, OPEN_MAX, type Question } from './service.ts';
export { type ApprovalView, viewOf } from './view.ts';
export { Webhook } from './webhook.ts';
