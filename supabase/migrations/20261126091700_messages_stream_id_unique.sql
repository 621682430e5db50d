-- The last defence of "stored exactly once", against all retries and races. A unique index of that name is the FastAPI
-- relay's own.
do $$
begin
  if not exists (
    select 1 from pg_catalog.pg_index i
    where i.indexrelid = to_regclass('public.messages_stream_id_unique') and i.indisunique and i.indpred is null
  ) then
    create unique index messages_stream_id_unique on public.messages (stream_id);
  end if;
end;
$$;
