begin; select plan(3);
select tests.make_user('owner');
select tests.given_conversation('chain', 'owner');
-- As after a restore: no statistics yet. 400 messages, each of them below the one before.
insert into public.messages (id, user_id, conversation_id, parent_id, content)
select tests.key('m' || n), tests.id('owner'), tests.key('chain'), case when n > 1 then tests.key('m' || n - 1) end, ''
from generate_series(1, 400) n;
update public.conversations set active_message_id = tests.key('m400');
-- How many rows of messages the statement reads; it deletes them all.
create function pg_temp.reads_of(change text) returns bigint language plpgsql as $$
declare
  v_reads bigint := pg_stat_get_xact_tuples_fetched('public.messages'::regclass)
    + pg_stat_get_xact_tuples_returned('public.messages'::regclass);
begin
  execute change;
  v_reads := pg_stat_get_xact_tuples_fetched('public.messages'::regclass)
    + pg_stat_get_xact_tuples_returned('public.messages'::regclass) - v_reads;
  if exists (select 1 from public.messages) then
    raise 'Cannot count: messages are left';
  end if;
  return v_reads;
end
$$;
savepoint start;

-- Each row is read a few times, however long the chain is.
select cmp_ok(pg_temp.reads_of('delete from public.messages where parent_id is null'), '<', 4000::bigint, 'with its root');
rollback to start;
select cmp_ok(pg_temp.reads_of('delete from public.conversations'), '<', 4000::bigint, 'with its conversation');
rollback to start;
select cmp_ok(pg_temp.reads_of('delete from auth.users'), '<', 4000::bigint, 'with its user');

select * from finish(); rollback;
