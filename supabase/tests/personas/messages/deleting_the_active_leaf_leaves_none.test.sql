begin;
select plan(3);

select tests.given_tale('owner');

select tests.sign_in_as('owner');
select lives_ok($$ delete from public.messages where id = tests.id('second question') $$, 'a branch is deleted');
select is(active_message_id, null, 'the active leaf was in it') from public.conversations;
select is(count(*), 4::bigint, 'the rest of the story stays') from public.messages;

select * from finish();
rollback;
