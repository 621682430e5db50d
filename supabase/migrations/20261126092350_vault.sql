-- Keys at rest. Where Supabase's Vault is there, a bot's key stands in Vault alone, and access_key is the way in: the
-- trigger takes a key out of each row before the row is written, so that no version of it, no index, no log of changes
-- and no error that quotes a row has ever held it. Without Vault keys stand in the column.
create unique index bots_by_access_key on public.bots (access_key_id) where access_key_id is not null;
-- What is sampled of a column stands in the catalogue, in plain text.
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

-- With the two columns, and not with a row, which would be made anew for the call: its long instructions included.
create function relay.key_of(access_key text, access_key_id uuid) returns text
language plpgsql stable set search_path = '' as $$
begin
  if access_key_id is null then
    return access_key;
  end if;
  return (select s.decrypted_secret from vault.decrypted_secrets s where s.id = key_of.access_key_id);
exception
  -- Vault is gone, or the secret was restored under another root key. The provider's 401 says it of this bot alone; an error
  -- here would also end the starts of each bot that it is a fallback of.
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

-- Anyone may set the setting that names it. So it counts only if this transaction made it for a bot, and no bot has it.
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

-- A definer, because clients set keys and have no right in Vault. It can only be run as a trigger, and touches no secret but
-- those that it has made itself for bots: a row's own, and the newest one of this transaction that no bot has yet.
create function relay.store_key() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_made constant text := 'relay.made_key_' || pg_trigger_depth();
  v_id uuid;
begin
  if not relay.has_vault() then
    if new.access_key is not null then
      -- The old one went with Vault.
      new.access_key_id := null;
    end if;
    return new;
  end if;
  if tg_op = 'INSERT' then
    -- The row before it may have become none: "on conflict do nothing".
    delete from vault.secrets s where s.id = relay.unused_key(current_setting(v_made, true));
  end if;
  if new.access_key is not null then
    -- Never create_secret(key): it writes the key as it is, and only then encrypts the row.
    v_id := vault.create_secret('-', null, 'storytellr-relay: key of bot ' || new.id);
    perform vault.update_secret(v_id, new.access_key);
    new.access_key := null;
    new.access_key_id := v_id;
  elsif tg_op = 'UPDATE' and new.access_key_id is null and current_setting('relay.given_access_key', true) = 'yes' then
    -- An upsert: "excluded" has lost the key to the insert that became this update.
    new.access_key_id := relay.unused_key(current_setting(v_made, true));
  end if;
  if tg_op = 'INSERT' then
    perform set_config(v_made, coalesce(new.access_key_id::text, ''), true);
  elsif old.access_key_id is distinct from new.access_key_id then
    delete from vault.secrets s where s.id = old.access_key_id;
  end if;
  return new;
end;
$$;
comment on function relay.store_key() is
  'Puts a new key into Vault before the row is written, and deletes the old one there.';

-- A definer, for the same reason and in the same bounds.
create function relay.forget_key() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if not relay.has_vault() then
    return null;
  end if;
  case tg_op
    when 'DELETE' then
      delete from vault.secrets s where s.id = old.access_key_id;
    when 'TRUNCATE' then
      delete from vault.secrets s using public.bots b where s.id = b.access_key_id;
    else
      delete from vault.secrets s
      where s.id = relay.unused_key(current_setting('relay.made_key_' || pg_trigger_depth(), true));
  end case;
  return null;
end;
$$;
comment on function relay.forget_key() is 'Deletes from Vault the keys of bots that are deleted, or were not inserted.';

-- After bots_keep_secrets, and before what touches the row last: triggers run in the order of their names.
create trigger bots_store_key before insert or update on public.bots
for each row execute function relay.store_key();
create trigger bots_forget_key after delete on public.bots
for each row when (old.access_key_id is not null) execute function relay.forget_key();
create trigger bots_forget_keys before truncate on public.bots
for each statement execute function relay.forget_key();
create trigger bots_forget_unused_key after insert on public.bots
for each statement execute function relay.forget_key();
create trigger bots_given_access_key_id before update of access_key_id on public.bots
for each row execute function public.bots_note_given('access_key_id');

-- For the owner of the tables: clients and service_role cannot rewrite one.
create function relay.move_keys_to_vault() returns integer
language plpgsql set search_path = '' as $$
declare
  v_moved integer;
begin
  if not relay.has_vault() then
    raise object_not_in_prerequisite_state using
      message = format('Cannot move the keys: %I may not write secrets in Vault', current_user),
      hint = 'Enable the extension supabase_vault, and call this as the role postgres.';
  end if;
  if not (has_schema_privilege('service_role', 'vault', 'usage')
    and has_table_privilege('service_role', 'vault.decrypted_secrets', 'select'))
  then
    grant usage on schema vault to service_role;
    grant select on vault.decrypted_secrets to service_role;
  end if;
  lock table public.bots in access exclusive mode;
  -- When a bot was changed last is left as it is.
  alter table public.bots disable trigger bots_touch;
  update public.bots set access_key = access_key where access_key is not null;
  get diagnostics v_moved = row_count;
  alter table public.bots enable trigger bots_touch;
  -- The old versions of the rows are still in the table's file, and a vacuum leaves their bytes there. A column with a
  -- default that differs writes the table anew, with the rows that count now; the old file goes at the commit.
  alter table public.bots add column written_anew uuid default gen_random_uuid();
  alter table public.bots drop column written_anew;
  -- What was sampled of the old keys is replaced as well.
  alter table public.bots alter column access_key set statistics -1;
  analyze public.bots (access_key);
  alter table public.bots alter column access_key set statistics 0;
  return v_moved;
end;
$$;
comment on function relay.move_keys_to_vault() is
  'Moves the keys that stand in public.bots into Vault, and writes the table anew without them; says how many. It locks the '
  'table while it runs. For a database in which Vault was enabled late.';

do $$
begin
  if relay.has_vault() then
    perform relay.move_keys_to_vault();
  end if;
end;
$$;
