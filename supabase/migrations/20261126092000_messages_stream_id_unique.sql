-- The last line of defence of "stored exactly once", whatever retries and races there are.
create unique index if not exists messages_stream_id_unique on public.messages (stream_id);
