begin; select plan(3);
create function pg_temp.error_of(statement text) returns text language plpgsql as $$
declare
  v_message text;
  v_detail text;
begin
  execute statement;
  return null;
exception when check_violation then
  get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail;
  return v_message || ' ' || v_detail;
end
$$;
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.sign_in_as('owner');
create temp table failed as select pg_temp.error_of('update public.bots set temperature = 3') as error;
select matches(error, 'bots_temperature_is_in_range', 'the error names the check') from failed;
select doesnt_match(error, 'key of bot', 'it does not show the row') from failed;

-- service_role sees the row that it may read: with a key, unless that is in Vault.
grant select, update on failed to service_role;
select tests.sign_in_as_service();
update failed set error = pg_temp.error_of($$ update public.bots set access_key = 'sk-new', temperature = 3 $$);
select tests.sign_out();
select is(error ~ 'sk-new', not relay.has_vault(), 'with Vault service_role sees none either') from failed;

select * from finish(); rollback;
