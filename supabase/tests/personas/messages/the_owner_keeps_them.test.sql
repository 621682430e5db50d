begin;
select plan(8);

select tests.given_tale('owner');

select tests.sign_in_as('owner');
select is(count(*), 6::bigint, 'the whole tree is read') from public.messages;
select lives_ok(
  $$ insert into public.messages (id, user_id, conversation_id, parent_id, content, is_user_author)
    values (tests.id('new'), tests.id('owner'), tests.id('tale'), tests.id('other answer'), 'new', true)
    returning * $$, 'one is added, and read in the same breath'
);
select lives_ok(
  $$ update public.messages set content = 'corrected' where id = tests.id('new') $$, 'its text is changed'
);
select results_eq(
  $$ select parent_id, content, is_user_author, is_complete from public.messages where id = tests.id('new') $$,
  $$ values (tests.id('other answer'), 'corrected', true, true) $$, 'the change is kept'
);
select lives_ok($$ delete from public.messages where id = tests.id('other answer') $$, 'one is deleted');
select is_empty(
  $$ select 1 from public.messages where id in (tests.id('new'), tests.id('other question')) $$,
  'with all that hangs below it'
);
select is(count(*), 4::bigint, 'the other branch stays') from public.messages;
select is(tests.leaf_of('tale'), 'second answer', 'and is still the active one');

select * from finish();
rollback;
