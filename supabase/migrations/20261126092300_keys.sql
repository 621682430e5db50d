-- A bot's key and its headers are for one provider. A user who may change the bot cannot read them, and must not have
-- them sent to another server either: if the origin changes they are deleted, unless the same statement sets new ones.
-- The key is deleted with changed headers, too, because some gateways take the server to call from a header.
alter table public.bots add column access_key_id uuid;

create function public.bots_note_given() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_nargs = 0 then
    perform set_config('relay.given_' || s.secret, '', true)
    from unnest(array['access_key', 'access_key_id', 'headers']) as s (secret);
  else
    perform set_config('relay.given_' || tg_argv[0], 'yes', true);
  end if;
  return new;
end;
$$;
comment on function public.bots_note_given() is
  'Notes that the statement sets this secret, which a row does not show if the value is the old one; without one: none.';

create function public.bots_keep_secrets() returns trigger
language plpgsql set search_path = '' as $$
declare
  v_space constant text := '[\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]'; -- As JavaScript's trim().
  -- Scheme, host and port, if they are plain in the address; null if only a full URL parser could find them.
  v_origin constant text := '^([Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9.-]+(?::[0-9]+)?)(?:[/?#]|$)';
  v_key_is_given constant boolean := current_setting('relay.given_access_key', true) = 'yes';
  v_headers_are_given constant boolean := current_setting('relay.given_headers', true) = 'yes';
  v_key_goes boolean := not v_key_is_given;
begin
  -- Without white space and the word Bearer, which people paste with it: it is stored, sent and redacted in one form.
  new.access_key := nullif(regexp_replace(regexp_replace(new.access_key, v_space || '+$', ''),
    format('^(%1$s+|bearer(%1$s+|$))*', v_space), '', 'i'), '');
  if new.access_key !~ '^[ -~]*$' and (tg_op = 'INSERT' or new.access_key is distinct from old.access_key) then
    raise check_violation using
      message = 'Cannot store the key: it has a character that no header can have, such as a line break',
      table = 'bots', column = 'access_key', constraint = 'bots_access_key_can_be_sent';
  end if;
  if tg_op = 'INSERT' then
    new.access_key_id := null;
    return new;
  end if;
  if new.access_path <> old.access_path and coalesce(
    lower(substring(new.access_path from v_origin)) <> lower(substring(old.access_path from v_origin)), true
  ) then
    new.headers := case when v_headers_are_given then new.headers else '{}' end;
  else
    v_key_goes := v_key_goes and new.headers is distinct from old.headers;
  end if;
  if v_key_goes then
    new.access_key := null;
  end if;
  -- A key in Vault stays unless another one is set, null included. A row that is written back whole, as it was read,
  -- sets none.
  new.access_key_id := case
    when not v_key_goes and (not v_key_is_given or new.access_key is null and new.access_key_id = old.access_key_id
      and current_setting('relay.given_access_key_id', true) = 'yes') then old.access_key_id
  end;
  return new;
end;
$$;
comment on function public.bots_keep_secrets() is
  'Trims the key. Deletes it if headers or origin change without a new one, and the headers if the origin changes.';
revoke all on function public.bots_note_given, public.bots_keep_secrets from public, anon, authenticated;

-- In the order of their names, which is the order in which they run. The first one clears what earlier statements
-- noted, and what a caller has set: any caller may set such a setting.
create trigger bots_forget_given before update on public.bots
for each row execute function public.bots_note_given();
create trigger bots_given_access_key before update of access_key on public.bots
for each row execute function public.bots_note_given('access_key');
create trigger bots_given_headers before update of headers on public.bots
for each row execute function public.bots_note_given('headers');
create trigger bots_keep_secrets before insert or update on public.bots
for each row execute function public.bots_keep_secrets();

-- Adopted keys may be empty, and are trimmed now. The time of the bot's last change stays.
alter table public.bots alter column access_key drop not null;
select relay.write_quietly('public.bots', $sql$
  update public.bots set access_key = access_key where access_key ~* '^bearer|^[^!-~]|[^!-~]$|^$'
$sql$);

comment on column public.bots.headers is
  'Headers for a gateway: as the key, clients cannot read them, and they go where the origin of access_path changes.';
