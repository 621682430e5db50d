begin;
select plan(9);

select tests.given_tale('owner');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as('owner');
select throws_ok(
  format(
    'insert into public.messages (user_id, conversation_id, %I) values (tests.id(%L), tests.id(%L), null)',
    name, 'owner', 'tale'
  ),
  '42501', 'permission denied for table messages', name || ' is not set'
) from unnest(array['stream_id', 'finish_reason', 'usage', 'bot_id']) as name;
select throws_ok(
  format('update public.messages set %I = null', name), '42501', 'permission denied for table messages',
  name || ' is not changed'
) from unnest(array['stream_id', 'finish_reason', 'parent_id', 'conversation_id']) as name;
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
