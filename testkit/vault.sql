-- Supabase's Vault 0.3.1 as far as SQL can see it: the same tables, views, functions, order of writes and grants, from
-- github.com/supabase/vault and the script that supabase/postgres runs after "create extension". Only the cipher is
-- another one, and its key, which Vault keeps outside of the database, stands in a function.
create schema vault;

create function vault._root_key() returns bytea language sql immutable parallel safe as $$
  select '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'::bytea
$$;

-- Of the same nonce, message and "additional" the same comes out, and nothing else can be read: a mark first, then AES.
create function vault._crypto_aead_det_encrypt(
  message bytea, additional bytea, key_id bigint, context bytea = 'pgsodium', nonce bytea = null
) returns bytea language sql immutable as $$
  select m.mark || extensions.encrypt_iv(message, vault._root_key(), m.mark, 'aes-cbc')
  from (
    select substring(extensions.hmac(additional || coalesce(nonce, '') || message, vault._root_key(), 'sha256') for 16) as mark
  ) m
$$;

create function vault._crypto_aead_det_decrypt(
  message bytea, additional bytea, key_id bigint, context bytea = 'pgsodium', nonce bytea = null
) returns bytea language plpgsql immutable as $$
declare
  v_text bytea;
begin
  begin
    v_text := extensions.decrypt_iv(substring(message from 17), vault._root_key(), substring(message for 16), 'aes-cbc');
  exception when external_routine_invocation_exception then
    -- Encrypted under another root key: the check below fails.
    v_text := '';
  end;
  if substring(extensions.hmac(additional || coalesce(nonce, '') || v_text, vault._root_key(), 'sha256') for 16)
    <> substring(message for 16)
  then
    raise data_exception using message = 'pgsodium_crypto_aead_det_decrypt_by_id: invalid ciphertext';
  end if;
  return v_text;
end;
$$;

create function vault._crypto_aead_det_noncegen() returns bytea language sql volatile as $$
  select extensions.gen_random_bytes(16)
$$;

create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea default vault._crypto_aead_det_noncegen(),
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
create unique index on vault.secrets using btree (name) where name is not null;

create view vault.decrypted_secrets as
select
  s.id, s.name, s.description, s.secret,
  convert_from(
    vault._crypto_aead_det_decrypt(
      message => decode(s.secret, 'base64'), additional => convert_to(s.id::text, 'utf8'), key_id => 0,
      context => 'pgsodium'::bytea, nonce => s.nonce
    ), 'utf8'
  ) as decrypted_secret,
  s.key_id, s.nonce, s.created_at, s.updated_at
from vault.secrets s;

-- As Vault has it: the secret is written as it is, and encrypted then.
create function vault.create_secret(
  new_secret text, new_name text = null, new_description text = '', new_key_id uuid = null
) returns uuid
security definer language plpgsql set search_path = '' as $$
declare
  rec record;
begin
  insert into vault.secrets (secret, name, description)
  values (new_secret, new_name, new_description)
  returning * into rec;
  update vault.secrets s
  set secret = encode(vault._crypto_aead_det_encrypt(
    message => convert_to(rec.secret, 'utf8'), additional => convert_to(s.id::text, 'utf8'), key_id => 0,
    context => 'pgsodium'::bytea, nonce => rec.nonce
  ), 'base64')
  where id = rec.id;
  return rec.id;
end
$$;

create function vault.update_secret(
  secret_id uuid, new_secret text = null, new_name text = null, new_description text = null, new_key_id uuid = null
) returns void
security definer language plpgsql set search_path = '' as $$
declare
  decrypted_secret text := (select decrypted_secret from vault.decrypted_secrets where id = secret_id);
begin
  update vault.secrets s
  set
    secret = case when new_secret is null then s.secret
      else encode(vault._crypto_aead_det_encrypt(
        message => convert_to(new_secret, 'utf8'), additional => convert_to(s.id::text, 'utf8'), key_id => 0,
        context => 'pgsodium'::bytea, nonce => s.nonce
      ), 'base64') end,
    name = coalesce(new_name, s.name),
    description = coalesce(new_description, s.description),
    updated_at = now()
  where s.id = secret_id;
end
$$;

revoke all on function
  vault._crypto_aead_det_encrypt, vault._crypto_aead_det_decrypt, vault._crypto_aead_det_noncegen,
  vault.create_secret, vault.update_secret
from public;

-- What hosted calls "postgres" is relay_migrator here.
grant usage on schema vault to relay_migrator with grant option;
grant select, delete, truncate, references on vault.secrets, vault.decrypted_secrets to relay_migrator with grant option;
grant execute on function vault.create_secret, vault.update_secret, vault._crypto_aead_det_decrypt
to relay_migrator with grant option;
grant usage on schema vault to service_role;
grant select, delete on vault.secrets, vault.decrypted_secrets to service_role;
grant execute on function vault.create_secret, vault.update_secret, vault._crypto_aead_det_decrypt to service_role;
