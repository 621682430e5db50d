/** Each error code with its status, from the relay's own table. */
import { type ErrorCode, STATUS_OF } from "../supabase/functions/_relay/protocol/errors.ts";

export const STATUSES: Readonly<Record<ErrorCode, number>> = STATUS_OF;

export const ERROR_CODES = Object.keys(STATUSES) as ErrorCode[];
