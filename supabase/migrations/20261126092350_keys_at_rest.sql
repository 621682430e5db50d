-- Keys at rest. With Supabase's Vault, a bot's key is in Vault alone, and access_key only takes it: a trigger removes
-- the key from each row before the row is written, so that it is never in a version of the row, an index, the log of
-- changes or an error that quotes a row. Without Vault keys are in the column.
create unique index bots_by_access_key on public.bots (access_key_id) where access_key_id is not null;
-- Samples of a column are kept in the catalogue, in plain text.
alter table public.bots alter column access_key set statistics 0, alter column headers set statistics 0;

comment on column public.bots.access_key is
  'The provider''s key: clients write it; null where Vault has it; it goes with the old headers or origin.';
comment on column public.bots.access_key_id is
  'The secret in Vault that is the key; null: access_key is. Written by a trigger alone: what a statement sets is ignored.';

create function relay.has_vault() returns boolean
language sql stable set search_path = '' as $$
  select exists (
    select 1 from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'vault' and p.proname = 'update_secret'
      and has_schema_privilege(n.oid, 'usage') and has_function_privilege(p.oid, 'execute')
  )
$$;
comment on function relay.has_vault() is 'Whether the caller may write secrets in Vault.';

-- Takes the two columns and not a row, which would be copied for the call with its long instructions.
create function relay.key_of(access_key text, access_key_id uuid) returns text
language plpgsql stable set search_path = '' as $$
begin
  if access_key_id is null then
    return access_key;
  end if;
  return (select s.decrypted_secret from vault.decrypted_secrets s where s.id = key_of.access_key_id);
exception
  -- Vault was removed, or the secret was restored under another root key. Then the provider's 401 fails this bot alone;
  -- an error here would also fail the starts of each bot that has it as a fallback.
  when undefined_table or invalid_schema_name or data_exception then
    return null;
end;
$$;
comment on function relay.key_of(text, uuid) is
  'A bot''s key, in plain text, wherever it is; null: it has none, or none that can be read.';

create function relay.key_of(bot public.bots) returns text
language plpgsql stable set search_path = '' as $$
begin
  return relay.key_of(bot.access_key, bot.access_key_id);
end;
$$;
comment on function relay.key_of(public.bots) is 'The bot''s key, in plain text, wherever it is; null: it has none.';

-- Any caller may set the setting that names the secret. So it counts only if this transaction made it for a bot, and no
-- bot has it.
create function relay.unused_key(made text) returns uuid
language plpgsql stable set search_path = '' as $$
begin
  return (
    select s.id
    from vault.secrets s
    where s.id = nullif(made, '')::uuid and s.created_at = now() and s.description like 'storytellr-relay: key of bot %'
      and not exists (select 1 from public.bots b where b.access_key_id = s.id)
  );
end;
$$;
comment on function relay.unused_key(text) is 'The secret that an insert made for a row that was not inserted; else null.';
