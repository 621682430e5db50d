begin; select plan(12);
select tests.given_tale('owner');
update public.bots set system_prompt = null;
create temp view learned as select bytes_per_token as ratio, context_tokens from relay.models;
savepoint start;

-- Learns from what is reported: lower at once, higher slowly.
create function pg_temp.generation(tokens integer, bytes integer default 6000) returns void language sql as $$
  select tests.call_begin('owner', 's' || count(*), repeat('x', bytes - 24), parent_is_given => true, rate_limit => 999)
  from relay.generations;
  select tests.call_finish(max(stream_id), prompt_tokens => tokens) from relay.generations where status = 'running'
$$;
select pg_temp.generation(3000);
select results_eq('select ratio, context_tokens from learned', 'values (2::real, null::integer)', 'fewer bytes a token at once');
select is(bytes_per_token, 2::real, 'the next one on the branch begins with what was measured') from relay.generations;
select pg_temp.generation(1500);
select is(ratio, 2.5::real, 'a quarter of the way to more') from learned;
update relay.models set updated_at = now() - interval '1 hour';
select pg_temp.generation(2420);
select is(updated_at < now(), true, 'a difference of a few percent is not written') from relay.models;
select pg_temp.generation(6000, 1900);
select pg_temp.generation(null);
select is(ratio, 2.5::real, 'of little text nothing is learned, nor without a report') from learned;

rollback to start; -- Learns the window from a refusal that names it.
create function pg_temp.refused(said_window integer, said_tokens integer) returns void language sql as $$
  select tests.call_begin('owner', 's' || count(*), repeat('x', 29976), parent_is_given => true, rate_limit => 999)
  from relay.generations;
  select tests.call_finish(max(stream_id), '', 'failed', 'error', 'context_exceeded', refused_window => said_window,
    refused_tokens => said_tokens) from relay.generations where status = 'running'
$$;
select pg_temp.refused(8192, null);
select results_eq('table learned', 'values (3::real, 8192)', 'the window that it names');
select pg_temp.refused(8192, 10000);
select results_eq('table learned', 'values (3::real, 8192)', 'and the tokens, which were estimated well');
delete from relay.models;
select pg_temp.refused(null, null);
select results_eq('table learned', 'values (3::real, 8000)', 'else 0.8 of what was refused');
select pg_temp.refused(null, null);
select is(context_tokens, 8000, 'once') from learned;
update public.bots set context_tokens = 20000;
select pg_temp.refused(null, null);
select results_eq('table learned', 'values (1.35::real, 8000)', 'with a window of the bot''s own the estimate was wrong');

rollback to start; -- Others' headers and fields say nothing about a server.
update public.bots set headers = '{"x-route": "mine"}' where id = tests.key('bot');
select isnt(relay.endpoint_of(b), 'https://provider.example/v1', 'a bot with headers learns for itself') from public.bots b;
update public.bots set headers = '{}', params = '{"top_p": 1}', access_path = 'https://me:secret@provider.example/v1?key=secret';
select is(relay.endpoint_of(b), 'https://provider.example/v1', 'nothing secret is kept') from public.bots b;

select * from finish(); rollback;
