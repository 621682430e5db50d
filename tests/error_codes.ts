/** Each error code with its status, from the relay's own table. */
import * as errors from "../supabase/functions/_relay/protocol/errors.ts";

const tables = errors as unknown as {
  STATUS_OF?: Record<errors.ErrorCode, number>;
  ERRORS?: Record<errors.ErrorCode, { status: number }>;
};

export const STATUSES = new Map(
  tables.ERRORS
    ? Object.entries(tables.ERRORS).map(([code, { status }]) => [code as errors.ErrorCode, status])
    : Object.entries(tables.STATUS_OF!).map(([code, status]) => [code as errors.ErrorCode, status]),
);

export const ERROR_CODES = [...STATUSES.keys()];
