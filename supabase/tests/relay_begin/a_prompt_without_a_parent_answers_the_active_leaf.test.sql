begin;
select plan(5);

select tests.given_tale('owner');
select tests.given_active_leaf('tale', 'other question');

create temp table begun as select tests.call_begin('owner', 'a', 'What next?', conversation => 'tale') as answer;

select is(answer ->> 'conversation_id', tests.id('tale')::text, 'it is told in the named conversation') from begun;
select is(m.parent_id, tests.id('other question'), 'the user''s words hang below the active leaf')
from public.messages m, begun where m.id::text = answer ->> 'user_message_id';
select is(answer ->> 'parent_id', answer ->> 'user_message_id', 'the answer hangs below the user''s words') from begun;
select is(tests.leaf_of('tale'), 'What next?', 'the active leaf moves to the user''s words');
select is(count(*), 1::bigint, 'no other conversation is made') from public.conversations;

select * from finish();
rollback;
