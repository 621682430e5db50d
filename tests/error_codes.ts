/** Each error code with its status, from the relay's own table. */
import * as errors from "../supabase/functions/_relay/protocol/errors.ts";

interface ErrorEntry {
  status: number;
  retryable?: boolean;
}

const tables = errors as unknown as {
  STATUS_OF?: Record<string, number>;
  ERRORS?: Record<string, ErrorEntry>;
};

export const ERROR_TABLE = new Map<errors.ErrorCode, ErrorEntry>(
  tables.ERRORS
    ? Object.entries(tables.ERRORS).map(([code, entry]) => [code as errors.ErrorCode, entry])
    : Object.entries(tables.STATUS_OF!).map(([code, status]) => [code as errors.ErrorCode, { status }]),
);

export const ERROR_CODES = [...ERROR_TABLE.keys()];
