-- A definer, because clients set keys and have no rights in Vault. It can only run as a trigger, and touches only
-- secrets that it has made itself for bots: a row's own, and the newest one of this transaction that no bot has yet.
create function relay.store_key() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_made constant text := 'relay.made_key_' || pg_trigger_depth();
  v_id uuid;
begin
  if not relay.has_vault() then
    if new.access_key is not null then
      -- The old secret was removed with Vault.
      new.access_key_id := null;
    end if;
    return new;
  end if;
  if tg_op = 'INSERT' then
    -- The row before may not have been inserted: "on conflict do nothing".
    delete from vault.secrets s where s.id = relay.unused_key(current_setting(v_made, true));
  end if;
  if new.access_key is not null then
    -- Never create_secret(key): it writes the key in plain text first, and then encrypts the row.
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
  -- The time of the bot's last change stays.
  v_moved := relay.write_quietly('public.bots', $sql$
    update public.bots set access_key = access_key where access_key is not null
  $sql$);
  -- The old versions of the rows are still in the table's file, and a vacuum leaves their bytes there. Adding a column
  -- with a volatile default rewrites the table with the present rows; the old file is deleted at the commit.
  alter table public.bots add column written_anew uuid default gen_random_uuid();
  alter table public.bots drop column written_anew;
  -- Replaces the samples of the old keys as well.
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
