begin;
select plan(4);

select tests.given_tale('owner');

create temp table begun as select tests.call_begin('owner', 'a', 'Instead?', parent => 'first answer') as answer;

select is(answer ->> 'conversation_id', tests.id('tale')::text, 'the parent names the conversation') from begun;
select is(m.parent_id, tests.id('first answer'), 'the user''s words hang below the parent')
from public.messages m, begun where m.id::text = answer ->> 'user_message_id';
select is(tests.leaf_of('tale'), 'Instead?', 'the active leaf moves to the new branch');
select is(
  (select count(*) from public.messages where parent_id = tests.id('first answer')), 2::bigint,
  'what hung there already stays'
);

select * from finish();
rollback;
